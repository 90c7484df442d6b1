"""Confirm a pending order.

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


class ConfirmOrder(Command):
    permission: ClassVar[str] = "orders.confirm_order"
    answer: ClassVar[type[AggregateState]] = OrderState

    order_id: Annotated[UUID, ServerSet()]


def confirm_order(command: ConfirmOrder) -> Result[OrderState]:
    """Write the order and `OrderConfirmed`."""
    order = load_for_change(Order, command.order_id, command.expected_version)
    publish((order, order.confirm()))
    return Ok(order.state())
