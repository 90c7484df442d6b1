"""What was sold of each product, one row per product and currency.

An order counts once for a product, however many of its lines name it. A cancelled one leaves the
quantity, the revenue and the count. A product is called what the last order placed calls it; that
is noted apart: cancellations move the row's position on, and an event that was parked comes late.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.rows import MissingRow, Row, RowState, fold, keys_of
from cqrs.projections.split_events import event_for_row
from cqrs.projections.table import Table
from orders.events import OrderCancelled, OrderCreated
from readmodels.models import ProductName, ProductSalesReadModel
from readmodels.projections.text import added


def of_products(event: RecordedEvent) -> Iterator[RecordedEvent]:
    """Yield what the event says of each product that it names, in all lines together."""
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
    """Note what new orders call the products, unless a later order has named them; return that."""
    renamed: dict[str, Row] = {}
    for event in parts:
        key = event.data["id"]
        known = names.get(key)
        if event.type != OrderCreated.wire_name or (known and known.position >= event.position):
            continue
        note = {"id": key, "product_name": event.data["product_name"], "version": 1}
        names[key] = renamed[key] = Row(note, event.position)
    return renamed


def ordered(product: RowState | None, event: RecordedEvent) -> RowState:
    data = event.data
    if product is None:
        product = {
            "product_id": data["product_id"],
            "product_name": "",  # comes after the fold
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
    version=lambda _: 1,  # a product's sales are no aggregate: their position tells new from old
)
NAMES = Table(ProductName)


class ProductSales(Projection):
    """Writes `read_product_sales` and `read_product_names`."""

    name = "product_sales"
    version = 1
    handlers = HANDLERS
    tables = (PRODUCTS, NAMES)

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        """Fold the batch into the products it touches."""
        parts = [part for event in events if event.type in HANDLERS for part in of_products(event)]
        keys = keys_of(parts, HANDLERS, self.key)
        products, names = PRODUCTS.load(keys), NAMES.load(keys)
        changed, renamed = fold(parts, HANDLERS, self.key, products), rename(parts, names)
        for key, product in changed.items():
            product.state["product_name"] = names[key].state["product_name"]
        NAMES.upsert(renamed)
        PRODUCTS.upsert(changed)
