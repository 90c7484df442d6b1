"""Project the sales of products, one row per product and currency.

An order counts once for a product, also with several lines of it. A cancelled order is subtracted
from the quantity, the revenue and the count. A product has its name in the order that was placed
last; a change from outside renames the products whose lines it names differently. The name is
stored in a table of its own with the position of that event: a row's position also advances with
cancellations, and a parked order comes late.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.rows import MissingRow, Row, RowState, fold, keys_of
from cqrs.projections.split_events import event_for_row
from cqrs.projections.store import RowsByTable
from cqrs.projections.table import Table
from orders.events import OrderCancelled, OrderChangedOutside, OrderCreated
from readmodels.models import ProductName, ProductSalesReadModel
from readmodels.projections.contributions import contributions, is_cancelled
from readmodels.projections.text import added


def split_by_product(event: RecordedEvent) -> Iterator[RecordedEvent]:
    """Yield an event per product and currency, with what it adds to the sums there.

    `named` has the name in the order before the event and in the one after it; None without one.
    """
    found: dict[str, dict[str, Any]] = {}
    for sign, order in contributions(event):
        sold = 0 if is_cancelled(order) else sign
        for key, lines in _by_product(order).items():
            product = found.setdefault(key, {**no_sales(lines[0]), "named": [None, None]})
            product["named"][sign > 0] = lines[-1]["product_name"]
            product["order_count"] += sold
            for line in lines:
                product["quantity"] += sold * line["quantity"]
                product["revenue"] = added(product["revenue"], line["line_total"], sold)
    for key, product in found.items():
        yield event_for_row(event, key, **product)


def _by_product(order: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for line in order["items"]:
        found.setdefault(f"{line['product_id']} {line['currency']}", []).append(line)
    return found


def no_sales(line: Mapping[str, Any]) -> RowState:
    """Return the product of a line without sales. It gets its name after the fold."""
    return {
        "product_id": line["product_id"],
        "product_name": "",
        "currency": line["currency"],
        "quantity": 0,
        "revenue": "0",
        "order_count": 0,
    }


def rename(parts: Sequence[RecordedEvent], names: dict[str, Row]) -> dict[str, Row]:
    """Update the products' names from the events that name them, unless a later one has.

    Returns the names that have changed.
    """
    renamed: dict[str, Row] = {}
    for event in parts:
        key, (before, after) = event.data["id"], event.data["named"]
        known = names.get(key)
        if after in (None, before) or (known and known.position >= event.position):
            continue
        state = {"id": key, "product_name": after, "version": 1}
        names[key] = renamed[key] = Row(state, event.position)
    return renamed


def summed(product: RowState | None, event: RecordedEvent) -> RowState:
    """Add the event to the sums of the product, which begin with the line that names it."""
    more = event.data
    if product is None:
        if more["named"][0] is not None:
            raise MissingRow(event)
        product = no_sales(more)
    product["order_count"] += more["order_count"]
    product["quantity"] += more["quantity"]
    product["revenue"] = added(product["revenue"], more["revenue"])
    return product


HANDLERS = {
    OrderCreated.wire_name: summed,
    OrderCancelled.wire_name: summed,
    OrderChangedOutside.wire_name: summed,
}

PRODUCTS = Table(
    ProductSalesReadModel,
    id=lambda product: f"{product['product_id']} {product['currency']}",
    version=lambda _: 1,  # sales are no aggregate: the position alone decides which row is newer
)
NAMES = Table(ProductName)


class ProductSales(Projection):
    """Writes `read_product_sales` and `read_product_names`."""

    name = "product_sales"
    version = 2
    handlers = HANDLERS
    tables = (PRODUCTS, NAMES)

    def split(self, event: RecordedEvent) -> Iterator[RecordedEvent]:
        """Yield the event once for each product of the order."""
        yield from split_by_product(event)

    def keys(self, events: Sequence[RecordedEvent]) -> Mapping[Table, Collection[str]]:
        """Return the products, for both tables."""
        keys = keys_of(events, HANDLERS, self.key)
        return {PRODUCTS: keys, NAMES: keys}

    def fold(self, events: Sequence[RecordedEvent], loaded: RowsByTable) -> RowsByTable:
        """Fold the events into the products, and give them their latest names."""
        names = loaded[NAMES]
        changed, renamed = fold(events, HANDLERS, self.key, loaded[PRODUCTS]), rename(events, names)
        for key, product in changed.items():
            product.state["product_name"] = names[key].state["product_name"]
        return {NAMES: renamed, PRODUCTS: changed}
