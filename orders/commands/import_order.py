"""Import an order from another system, with the id and the date of that system.

It is history: it changes no stock, and its customer may be inactive. An existing order is not
changed, so that an import can be repeated. Refuses with `not_found` (the customer),
`currency_mismatch` and `duplicate_order_id` (an order with this id has other content, or belonged
to another customer before another program deleted it). Not offered over HTTP.
"""

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from cqrs.event_log.aggregates import lock_new
from cqrs.event_log.events import publish
from cqrs.event_log.outside import LastEvent
from cqrs.event_log.relied_rows import find_unlocked
from cqrs.messaging.context import IMPORTED, current_context, use_context
from cqrs.messaging.currencies import AnyCurrency
from cqrs.messaging.fields import Id, UtcDatetime
from cqrs.messaging.messages import AggregateState
from cqrs.messaging.results import Ok, Result, reject
from customers.public import require_customer
from orders.fields import Item, OrderContent
from orders.models import Order, OrderState


class ImportedOrder(OrderState):
    """The state of the order. `is_new` is false when it existed before."""

    is_new: bool


class ImportedItem(Item):
    """A line whose currency can have been withdrawn since."""

    currency: AnyCurrency | None = None


class ImportOrder(OrderContent):
    permission: ClassVar[str] = "orders.import_order"
    answer: ClassVar[type[AggregateState]] = ImportedOrder

    order_id: Id
    ordered_at: UtcDatetime
    items: Annotated[list[ImportedItem], Field(min_length=1, max_length=500)]  # type: ignore[assignment]
    currency: AnyCurrency | None = None


def import_order(command: ImportOrder) -> Result[ImportedOrder]:
    """Write the order and `OrderCreated`, unless the order exists."""
    stream = lock_new(Order, command.order_id)
    if (known := find_unlocked(Order, command.order_id)) is not None:
        return _known(known, command)
    require_customer(command.customer_id)
    _require_same_customer(stream, command)
    order, created = Order.place(
        command.order_id, command.ordered_at, command, frozenset(), stream.version_of_new()
    )
    with use_context(replace(current_context(), origin=IMPORTED)):
        publish((order, created))
    return _answer(order, is_new=True)


def _require_same_customer(stream: LastEvent, command: ImportOrder) -> None:
    """Refuse to continue the stream of a deleted order in the partition of another customer."""
    if stream.version and stream.data().get("customer_id") != str(command.customer_id):
        message = f"There was another order {command.order_id}, of another customer"
        reject("duplicate_order_id", message)


def _known(order: Order, command: ImportOrder) -> Result[ImportedOrder]:
    if not order.holds(command.ordered_at, command):
        reject("duplicate_order_id", f"There is another order {order.id} with other content")
    return _answer(order, is_new=False)


def _answer(order: Order, is_new: bool) -> Result[ImportedOrder]:
    return Ok(ImportedOrder(**dict(order.state()), is_new=is_new))
