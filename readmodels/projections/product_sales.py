"""Project the sales of products, one row per product and currency.

An order counts once for a product, also with several lines of it. A cancelled order is subtracted
from the quantity, the revenue and the count. A product has its name in the order that was placed
last. The name is stored in a table of its own with the position of that order: a row's position
also advances with cancellations, and a parked order comes late.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.rows import MissingRow, Row, RowState, fold, keys_of
from cqrs.projections.split_events import event_for_row
from cqrs.projections.store import RowsByTable
from cqrs.projections.table import Table
from orders.events import OrderCancelled, OrderCreated
from readmodels.models import ProductName, ProductSalesReadModel
from readmodels.projections.text import added


def split_by_product(event: RecordedEvent) -> Iterator[RecordedEvent]:
    """Yield an event per product, with the sums of all its lines."""
    found: dict[str, dict[str, Any]] = {}
    for line in event.data["items"]:
        key = f"{line['product_id']} {line['currency']}"
        product = found.setdefault(key, {
            "product_id": line["product_id"], "product_name": "", "currency": line["currency"],
            "quantity": 0, "amount": "0",
        })  # fmt: skip
        product["product_name"] = line["product_name"]
        product["quantity"] += line["quantity"]
        product["amount"] = added(product["amount"], Decimal(line["line_total"]))
    for key, product in found.items():
        yield event_for_row(event, key, **product)


def rename(parts: Sequence[RecordedEvent], names: dict[str, Row]) -> dict[str, Row]:
    """Update the products' names from new orders, unless a later order has named them.

    Returns the names that have changed.
    """
    renamed: dict[str, Row] = {}
    for event in parts:
        key = event.data["id"]
        known = names.get(key)
        if event.type != OrderCreated.wire_name or (known and known.position >= event.position):
            continue
        state = {"id": key, "product_name": event.data["product_name"], "version": 1}
        names[key] = renamed[key] = Row(state, event.position)
    return renamed


def ordered(product: RowState | None, event: RecordedEvent) -> RowState:
    data = event.data
    if product is None:
        product = {
            "product_id": data["product_id"],
            "product_name": "",  # set after the fold
            "currency": data["currency"],
            "quantity": 0,
            "revenue": "0",
            "order_count": 0,
        }
    return _counted(product, 1, data)


def cancelled(product: RowState | None, event: RecordedEvent) -> RowState:
    if product is None:
        raise MissingRow(event)
    return _counted(product, -1, event.data)


def _counted(product: RowState, sign: int, data: dict[str, Any]) -> RowState:
    amount = Decimal(data["amount"])
    product["order_count"] += sign
    product["quantity"] += sign * data["quantity"]
    product["revenue"] = added(product["revenue"], amount if sign > 0 else amount.copy_negate())
    return product


HANDLERS = {OrderCreated.wire_name: ordered, OrderCancelled.wire_name: cancelled}

PRODUCTS = Table(
    ProductSalesReadModel,
    id=lambda product: f"{product['product_id']} {product['currency']}",
    version=lambda _: 1,  # sales are no aggregate: the position alone decides which row is newer
)
NAMES = Table(ProductName)


class ProductSales(Projection):
    """Writes `read_product_sales` and `read_product_names`."""

    name = "product_sales"
    version = 1
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
