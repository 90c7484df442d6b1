"""Cancel an order that is not shipped yet: what it had reserved is free again.

Refuses with `not_found`, `version_conflict` and `invalid_transition`.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from cqrs.event_log.aggregates import load_for_change
from cqrs.event_log.events import publish
from cqrs.messaging.fields import LongText, ServerSet
from cqrs.messaging.messages import AggregateState, Command
from cqrs.messaging.results import Ok, Result
from orders import stock
from orders.models import Order, OrderState


class CancelOrder(Command):
    permission: ClassVar[str] = "orders.cancel_order"
    answer: ClassVar[type[AggregateState]] = OrderState

    order_id: Annotated[UUID, ServerSet()]
    reason: LongText = ""


def cancel_order(command: CancelOrder) -> Result[OrderState]:
    """Write the order, its stock, `StockReleased` per reserved product and `OrderCancelled`."""
    order = load_for_change(Order, command.order_id, command.expected_version)
    cancelled = order.cancel(command.reason)
    released = stock.release(order.id, order.items)
    publish(*released, (order, cancelled))
    return Ok(order.state())
