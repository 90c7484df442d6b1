"""What there is of every product, one row per product.

Stock events carry the amounts after the change, so a row is what its last event says; only the
name and the SKU come from the last count.
"""

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.rows import MissingRow, RowState
from cqrs.projections.table import SearchTable, Table
from orders.events import StockDeducted, StockReleased, StockReserved, StockSet
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
}

STOCK = Table(
    StockReadModel,
    partition_key="id",
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
    version = 1
    home_of = "stock"
    table = STOCK
    key = "product_id"
    handlers = HANDLERS
