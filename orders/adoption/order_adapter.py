"""How changes of other programs to orders become events."""

from collections.abc import Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any, ClassVar

from django.db.models import QuerySet

from cqrs.adoption.adapter import Adapter, Change, Consequences, NotAdopted
from cqrs.event_log.digests import fits, seal
from cqrs.event_log.events import Event
from cqrs.messaging.currencies import MINOR_UNITS
from orders.adoption import reservations
from orders.events import (
    OrderCancelled,
    OrderChangedOutside,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderShipped,
    OrderSnapshot,
)
from orders.models import Order
from orders.models.digest_lists import LINE_FIELDS
from orders.models.order_line import line_of
from orders.models.shipping import address_of
from orders.money import plain

OWN = set(OrderSnapshot.model_fields) - {"items", "shipping_address", "total_amount"}
STATUS = {
    OrderConfirmed: "confirmed",
    OrderDelivered: "delivered",
    OrderCancelled: "cancelled",
}


class OrderAdapter(Adapter[OrderSnapshot]):
    """An order with its lines. One that was moved to another customer is parked."""

    model = Order
    tables: ClassVar = {"orders_order": "id", "orders_orderline": "order_id"}

    def rows(self, model: Any) -> QuerySet[Any, Any]:
        return super().rows(model).prefetch_related("lines")

    def is_unchanged(self, row: Any) -> bool:
        return super().is_unchanged(row) and fits(row.lines_digest, LINE_FIELDS, *_lines(row))

    def snapshot(self, row: Any) -> OrderSnapshot:
        _check_amounts(row)
        return OrderSnapshot(
            **{name: getattr(row, name) for name in OWN},
            total_amount=plain(row.total_amount, row.currency),
            items=tuple(map(line_of, _lines(row))),
            shipping_address=address_of(row),
        )

    def fold(self, state: OrderSnapshot | None, event: Event) -> OrderSnapshot | None:
        match event:
            case OrderChangedOutside():
                return event.after
            case OrderCreated():
                shared = {
                    name: value for name, value in event if name in OrderSnapshot.model_fields
                }
                return OrderSnapshot(**shared, status="pending", carrier="", tracking_number="")
            case OrderShipped() if state:
                return state.model_copy(
                    update={
                        "status": "shipped",
                        "carrier": event.carrier,
                        "tracking_number": event.tracking_number,
                    }
                )
            case OrderConfirmed() | OrderDelivered() | OrderCancelled() if state:
                return state.model_copy(update={"status": STATUS[type(event)]})
        return state

    def event(self, change: Change[OrderSnapshot]) -> OrderChangedOutside:
        shown = change.after or change.before
        assert shown is not None  # noqa: S101  a change has a side
        return OrderChangedOutside(
            order_id=change.aggregate_id,
            customer_id=shown.customer_id,
            order_date=shown.order_date,
            currency=shown.currency,
            total_amount=shown.total_amount,
            before=change.before,
            after=change.after,
        )

    def aggregate(self, change: Change[OrderSnapshot]) -> Order:
        assert change.before is not None  # noqa: S101  the deletion of nothing is no change
        return Order(id=change.aggregate_id, customer_id=change.before.customer_id)

    def check(self, change: Change[OrderSnapshot]) -> None:
        if change.before and change.after and change.before.customer_id != change.after.customer_id:
            raise NotAdopted("the order was given to another customer")

    def consequences(self, changes: Sequence[Change[OrderSnapshot]]) -> Consequences:
        return reservations.follow(changes)

    def derive(self, rows: Sequence[Any]) -> None:
        for row in rows:
            row.lines_digest = seal(LINE_FIELDS, *_lines(row))


def _lines(row: Any) -> list[Any]:
    return sorted(row.lines.all(), key=attrgetter("number"))


def _check_amounts(row: Any) -> None:
    """Raise `NotAdopted` for amounts that no report could add up."""
    lines = _lines(row)
    if row.currency not in MINOR_UNITS or any(line.currency != row.currency for line in lines):
        raise NotAdopted("the currencies of the order and its lines do not agree, or do not exist")
    if not all(line.unit_price.is_finite() for line in lines):
        raise NotAdopted("a price is no number")
    if not lines or sum((line.line_total for line in lines), Decimal()) != row.total_amount:
        raise NotAdopted("the lines of the order do not make up its total")
