"""Events to fill the log with, without the commands that cause them."""

from uuid import UUID

from cqrs.messaging.ids import uuid7
from orders.events import StockSet
from orders.models import StockItem


def change(product_id: UUID | None = None, version: int = 1) -> tuple[StockItem, StockSet]:
    """Return what `publish` takes: an aggregate, which is not stored, and its event."""
    item = StockItem(id=product_id or uuid7(), version=version)
    return item, StockSet(product_id=item.id, on_hand=version, reserved=0, sku="S", name="Lamp")
