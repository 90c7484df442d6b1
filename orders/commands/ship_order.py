"""Ship a confirmed order: what it had reserved leaves the stock.

Refuses with `not_found`, `version_conflict` and `invalid_transition`.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from cqrs.event_log.aggregates import load_for_change
from cqrs.event_log.events import publish
from cqrs.messaging.fields import OptionalText, ServerSet
from cqrs.messaging.messages import AggregateState, Command
from cqrs.messaging.results import Ok, Result
from orders import stock
from orders.models import Order, OrderState


class ShipOrder(Command):
    permission: ClassVar[str] = "orders.ship_order"
    answer: ClassVar[type[AggregateState]] = OrderState

    order_id: Annotated[UUID, ServerSet()]
    carrier: OptionalText = ""
    tracking_number: OptionalText = ""


def ship_order(command: ShipOrder) -> Result[OrderState]:
    """Write the order, its stock, `StockDeducted` per reserved product and `OrderShipped`."""
    order = load_for_change(Order, command.order_id, command.expected_version)
    shipped = order.ship(command.carrier, command.tracking_number)
    deducted = stock.deduct(order.id, order.items)
    publish(*deducted, (order, shipped))
    return Ok(order.state())
