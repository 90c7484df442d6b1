"""What there is of every product, one row per product.

Stock events carry the amounts after the change, so a row is what its last event says; only the
name and the SKU come from the last count.
"""

from collections.abc import Sequence

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.engine import MissingRow, Projection, RowState, Table, fold, keys_of
from cqrs.projections.search import SearchTable
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


HANDLES = {
    StockSet.wire_name: counted,
    StockReserved.wire_name: moved,
    StockReleased.wire_name: moved,
    StockDeducted.wire_name: moved,
}

STOCK = Table(StockReadModel, partition_key="id", id=lambda product: product["product_id"])
SEARCH = SearchTable(
    StockSearch,
    lambda product: search_text(product["name"], product["sku"], product["product_id"]),
    id=lambda product: product["product_id"],
)


class Stock(Projection):
    """Writes `read_stock` and `read_stock_search`."""

    name = "stock"
    version = 1
    home_of = "stock"
    types = HANDLES
    tables = (STOCK, SEARCH)

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        """Fold the batch into the products it touches."""
        products = STOCK.load(keys_of(events, HANDLES, "product_id"))
        texts = SEARCH.texts(products)
        changed = fold(events, HANDLES, "product_id", products)
        STOCK.upsert(changed)
        SEARCH.update(changed, texts)
