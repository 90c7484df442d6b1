"""Take over an order from another system, with the id and the date that it had there.

It is history, so it touches no stock, and its customer may be deactivated by now. An order that
is known already is left as it is, so that an import can be repeated. Refuses with `not_found`
(the customer), `currency_mismatch` and, when the id is known with other content,
`duplicate_order_id`. Not offered over HTTP.
"""

from dataclasses import replace
from typing import ClassVar
from uuid import UUID

from cqrs.event_log.aggregates import lock_new
from cqrs.event_log.events import publish
from cqrs.messaging.context import IMPORTED, current_context, use_context
from cqrs.messaging.fields import UtcDatetime
from cqrs.messaging.messages import AggregateState
from cqrs.messaging.results import Ok, Result, reject
from customers.public import require_customer
from orders.fields import OrderContent
from orders.models import Order, OrderState


class ImportedOrder(OrderState):
    """`is_new` is false when the order was there already."""

    is_new: bool


class ImportOrder(OrderContent):
    permission: ClassVar[str] = "orders.import_order"
    answer: ClassVar[type[AggregateState]] = ImportedOrder

    order_id: UUID
    ordered_at: UtcDatetime


def import_order(command: ImportOrder) -> Result[ImportedOrder]:
    """Write the order and `OrderCreated`, unless the order is there already."""
    lock_new(Order, command.order_id)
    known = Order.objects.filter(pk=command.order_id).first()
    if known is not None:
        return _known(known, command)
    require_customer(command.customer_id)
    order, created = Order.place(command.order_id, command.ordered_at, command, tracked=frozenset())
    with use_context(replace(current_context(), origin=IMPORTED)):
        publish((order, created))
    return _answer(order, is_new=True)


def _known(order: Order, command: ImportOrder) -> Result[ImportedOrder]:
    if not order.holds(command.ordered_at, command):
        reject("duplicate_order_id", f"There is another order {order.id} with other content")
    return _answer(order, is_new=False)


def _answer(order: Order, is_new: bool) -> Result[ImportedOrder]:
    return Ok(ImportedOrder(**dict(order.state()), is_new=is_new))
