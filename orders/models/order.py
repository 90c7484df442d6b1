"""The order aggregate, on `default`."""

from collections.abc import Container
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q

from cqrs.event_log.aggregates import Aggregate
from cqrs.event_log.digests import FieldLists, seal
from cqrs.messaging.caseless import nfc
from cqrs.messaging.results import reject
from orders import events
from orders.events import Line
from orders.fields import OrderContent
from orders.models.digest_lists import LINE_FIELDS, ORDER_FIELDS
from orders.models.order_line import priced, read_lines, store_lines
from orders.models.shipping import Shipping
from orders.models.states import ItemState, OrderState
from orders.models.status import COMES_FROM, Status
from orders.money import agreed_currency, plain, total


class Order(Shipping, Aggregate):
    """An order of a customer. Its content is fixed; its status changes (`COMES_FROM`)."""

    stream_type: ClassVar[str] = "order"
    digest_fields: ClassVar[FieldLists] = ORDER_FIELDS
    derived_fields: ClassVar[tuple[str, ...]] = ("lines_digest",)

    id = models.UUIDField(primary_key=True)
    # No foreign key: the customer belongs to another app, is locked first, and not deleted by it.
    customer_id = models.UUIDField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    currency = models.CharField(max_length=3)
    total_amount = models.DecimalField(max_digits=24, decimal_places=4)
    order_date = models.DateTimeField()
    special_instructions = models.TextField(default="", blank=True)
    carrier = models.CharField(max_length=200, default="", blank=True)
    tracking_number = models.CharField(max_length=200, default="", blank=True)
    # Of the lines, in their order.
    lines_digest = models.CharField(null=True, editable=False, serialize=False)  # noqa: DJ001

    class Meta:
        default_permissions = ()
        permissions: ClassVar = [
            (f"{verb}_order", f"Can {verb} orders")
            for verb in ("create", "confirm", "ship", "deliver", "cancel", "import")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="order_status"),
            models.CheckConstraint(condition=Q(total_amount__gte=0), name="order_total_from_0"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def partition_key(self) -> UUID:
        return self.customer_id

    @classmethod
    def place(
        cls,
        order_id: UUID,
        order_date: datetime,
        content: OrderContent,
        tracked: Container[UUID],
        version: int = 1,
    ) -> tuple["Order", events.OrderCreated]:
        """Store a new order; the lines of `tracked` products hold a reservation.

        One that was deleted has a version. Refuses with `currency_mismatch`.
        """
        order = cls(id=order_id, order_date=order_date, version=version)
        order._take(content, tracked)
        order.lines_digest = seal(LINE_FIELDS, *order.items)
        order.store(force_insert=True)
        store_lines(order_id, order.items)
        return order, events.OrderCreated(
            **order._facts(),
            items=order.items,
            shipping_address=order.shipping_address,
            special_instructions=order.special_instructions,
        )

    def confirm(self) -> events.OrderConfirmed:
        """Accept the order; refuses with `invalid_transition`, as the others below."""
        self._move_to(Status.CONFIRMED)
        return events.OrderConfirmed(**self._facts())

    def ship(self, carrier: str, tracking_number: str) -> events.OrderShipped:
        self.carrier, self.tracking_number = carrier, tracking_number
        self._move_to(Status.SHIPPED)
        return events.OrderShipped(
            **self._facts(), carrier=carrier, tracking_number=tracking_number
        )

    def deliver(self) -> events.OrderDelivered:
        self._move_to(Status.DELIVERED)
        return events.OrderDelivered(**self._facts())

    def cancel(self, reason: str) -> events.OrderCancelled:
        previous = self.status
        self._move_to(Status.CANCELLED)
        return events.OrderCancelled(
            **self._facts(), previous_status=previous, reason=reason, items=self.items
        )

    @cached_property
    def items(self) -> tuple[Line, ...]:
        return read_lines(self)

    def state(self) -> OrderState:
        return OrderState(
            id=self.id,
            status=self.status,
            items=tuple(map(ItemState.of, self.items)),
            shipping_address=self.shipping_address,
            special_instructions=self.special_instructions,
            carrier=self.carrier,
            tracking_number=self.tracking_number,
            version=self.version,
            **{name: value for name, value in self._facts().items() if name != "order_id"},
        )

    def holds(self, order_date: datetime, content: OrderContent) -> bool:
        """Return whether the order has this content. Its status may have changed since."""
        moved_on = ("status", "version", "carrier", "tracking_number")
        same = {name: getattr(self, name) for name in moved_on}
        other = Order(id=self.id, order_date=order_date, **same)
        other._take(content, tracked=())
        # The Unicode form does not count: an operating system may have changed the file's.
        return nfc(other.state().model_dump_json()) == nfc(self.state().model_dump_json())

    def _take(self, content: OrderContent, tracked: Container[UUID]) -> None:
        self.customer_id = content.customer_id
        self.currency = agreed_currency(content.currency, (item.currency for item in content.items))
        self.items = tuple(
            priced(item, self.currency, item.product_id in tracked) for item in content.items
        )
        self.total_amount = total((line.line_total for line in self.items), self.currency)
        self.special_instructions = content.special_instructions
        self._ship_to(content.shipping_address)

    def _move_to(self, status: Status) -> None:
        if self.status not in COMES_FROM[status]:
            reject("invalid_transition", f"Order {self.id} is {self.status}: it cannot be {status}")
        self.status = status
        self.version += 1
        self.store(update_fields=["status", "version", "carrier", "tracking_number"])

    def _facts(self) -> dict[str, Any]:
        """Return the fields of all its events."""
        return {
            "order_id": self.id,
            "customer_id": self.customer_id,
            "order_date": self.order_date,
            "currency": self.currency,
            "total_amount": plain(self.total_amount, self.currency),
        }
