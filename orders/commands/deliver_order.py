"""Note that a shipped order has arrived. Its stock was deducted when it was shipped.

Refuses with `not_found`, `version_conflict` and `invalid_transition`.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from cqrs.event_log.aggregates import load_for_change
from cqrs.event_log.events import publish
from cqrs.messaging.fields import ServerSet
from cqrs.messaging.messages import AggregateState, Command
from cqrs.messaging.results import Ok, Result
from orders.models import Order, OrderState


class DeliverOrder(Command):
    permission: ClassVar[str] = "orders.deliver_order"
    answer: ClassVar[type[AggregateState]] = OrderState

    order_id: Annotated[UUID, ServerSet()]


def deliver_order(command: DeliverOrder) -> Result[OrderState]:
    """Write the order and `OrderDelivered`."""
    order = load_for_change(Order, command.order_id, command.expected_version)
    publish((order, order.deliver()))
    return Ok(order.state())
