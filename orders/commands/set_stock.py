"""Set the number of pieces of a product in stock; the product is tracked from then on.

Refuses with `version_conflict` and `stock_below_reserved`. Every accepted command is an event, also
without a change, because the count itself is information.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from cqrs.event_log.aggregates import expect_nothing, find_for_change, lock_new
from cqrs.event_log.events import publish
from cqrs.messaging.fields import OptionalText, ServerSet
from cqrs.messaging.messages import AggregateState, Command
from cqrs.messaging.results import Ok, Result
from orders.models import StockItem, StockState


class SetStock(Command):
    permission: ClassVar[str] = "orders.set_stock"
    answer: ClassVar[type[AggregateState]] = StockState

    product_id: Annotated[UUID, ServerSet()]
    on_hand: Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]
    sku: OptionalText | None = None
    name: OptionalText | None = None


def set_stock(command: SetStock) -> Result[StockState]:
    """Write the stock item and `StockSet`."""
    stream = lock_new(StockItem, command.product_id)
    item = find_for_change(StockItem, command.product_id, command.expected_version)
    is_new = item is None
    if item is None:
        expect_nothing(command.expected_version)
        item = StockItem(id=command.product_id, version=stream.version_of_new() - 1)
    counted = item.set(command.on_hand, command.sku, command.name)
    item.store(force_insert=is_new)
    publish((item, counted))
    return Ok(item.state())
