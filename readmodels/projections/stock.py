"""Project the stock of products, one row per product.

Stock events have the amounts after the change, so a row has those of its last event. The name and
the SKU are those of the last `StockSet`, or those that another program wrote.
"""

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.rows import MissingRow, RowState
from cqrs.projections.table import SearchTable, Table
from orders.events import (
    StockChangedOutside,
    StockDeducted,
    StockReleased,
    StockReserved,
    StockSet,
)
from readmodels.models import StockReadModel, StockSearch
from readmodels.projections.text import search_text


def counted(_: RowState | None, event: RecordedEvent) -> RowState:
    data = event.data
    product = {"product_id": data["product_id"], "sku": data["sku"], "name": data["name"]}
    return {**product, **amounts(event)}


def moved(product: RowState | None, event: RecordedEvent) -> RowState:
    if product is None:
        raise MissingRow(event)
    return {**product, **amounts(event)}


def changed_outside(_: RowState | None, event: RecordedEvent) -> RowState | None:
    after = event.data["after"]
    if after is None:
        return None
    product = {"product_id": event.data["product_id"], "sku": after["sku"], "name": after["name"]}
    return {**product, **amounts(event)}


def amounts(event: RecordedEvent) -> RowState:
    on_hand, reserved = event.data["on_hand"], event.data["reserved"]
    return {
        "on_hand": on_hand,
        "reserved": reserved,
        "available": on_hand - reserved,
        "version": event.version,
    }


HANDLERS = {
    StockSet.wire_name: counted,
    StockReserved.wire_name: moved,
    StockReleased.wire_name: moved,
    StockDeducted.wire_name: moved,
    StockChangedOutside.wire_name: changed_outside,
}

STOCK = Table(
    StockReadModel,
    partition_key="id",
    deletable=True,
    search=SearchTable(
        StockSearch,
        lambda product: search_text(product["name"], product["sku"], product["product_id"]),
        id=lambda product: product["product_id"],
    ),
    id=lambda product: product["product_id"],
)


class Stock(Projection):
    """Writes `read_stock` and `read_stock_search`."""

    name = "stock"
    version = 2
    home_of = "stock"
    table = STOCK
    key = "product_id"
    handlers = HANDLERS
