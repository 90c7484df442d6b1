"""Place an order and reserve what it takes from stock.

Refuses with `not_found` and `customer_inactive` (the customer), `out_of_stock`, `unknown_product`
(only with `UNTRACKED_PRODUCTS=reject`), `currency_mismatch` and `version_conflict` (a new order has
no version to expect).
"""

from datetime import UTC, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from cqrs.event_log.aggregates import expect_nothing
from cqrs.event_log.events import publish
from cqrs.messaging.fields import ServerSet
from cqrs.messaging.ids import uuid7
from cqrs.messaging.messages import AggregateState
from cqrs.messaging.results import Ok, Result
from customers.public import lock_active_customer
from orders import stock
from orders.fields import OrderContent
from orders.models import Order, OrderState


class CreateOrder(OrderContent):
    permission: ClassVar[str] = "orders.create_order"
    answer: ClassVar[type[AggregateState]] = OrderState

    # Made once per message and not once per attempt: a retried transaction writes the same.
    order_id: Annotated[UUID, ServerSet()] = Field(default_factory=uuid7)
    order_date: Annotated[AwareDatetime, ServerSet()] = Field(
        default_factory=lambda: datetime.now(UTC)
    )


def create_order(command: CreateOrder) -> Result[OrderState]:
    """Write the order, its stock, `StockReserved` per tracked product and `OrderCreated`.

    Locks in the order that all commands keep: the customer, stock by product id, then inserts.
    """
    expect_nothing(command.expected_version)
    lock_active_customer(command.customer_id)
    reserved = stock.reserve(
        command.order_id, ((item.product_id, item.quantity) for item in command.items)
    )
    tracked = {item.id for item, _ in reserved}
    order, created = Order.place(command.order_id, command.order_date, command, tracked)
    publish(*reserved, (order, created))
    return Ok(order.state())
