"""Fold the events of an order into its document."""

from collections.abc import Callable, Mapping
from typing import Any

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.rows import MissingRow, RowState
from orders.events import (
    OrderCancelled,
    OrderChangedOutside,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderShipped,
)
from readmodels.documents import OrderLineDocument
from readmodels.projections.text import one_line, utc_text

LINE_FIELDS = tuple(OrderLineDocument.model_fields)


def created(_: RowState | None, event: RecordedEvent) -> RowState:
    return new_order(event, event.data)


def new_order(event: RecordedEvent, data: Mapping[str, Any]) -> RowState:
    """Start an order. Its customer's name is set after the fold; it is empty until it is known."""
    return {
        "id": event.data["order_id"],
        "customer_id": event.data["customer_id"],
        "customer_name": "",
        "customer_email": "",
        "status": "pending",
        "items": [{name: line[name] for name in LINE_FIELDS} for line in data["items"]],
        "total_amount": data["total_amount"],
        "currency": data["currency"],
        "item_count": len(data["items"]),
        "order_date": utc_text(data["order_date"]),
        "updated_at": utc_text(event.occurred_at),
        "shipping_address": one_line(data["shipping_address"]),
        "special_instructions": data["special_instructions"],
        "carrier": "",
        "tracking_number": "",
        "version": event.version,
    }


def moved(status: str) -> Callable[[RowState | None, RecordedEvent], RowState]:
    """Return the handler of an event that changes the status alone."""

    def handle(order: RowState | None, event: RecordedEvent) -> RowState:
        if order is None:
            raise MissingRow(event)
        order["status"] = status
        order["updated_at"] = utc_text(event.occurred_at)
        order["version"] = event.version
        return order

    return handle


def shipped(order: RowState | None, event: RecordedEvent) -> RowState:
    order = moved("shipped")(order, event)
    order["carrier"] = event.data["carrier"]
    order["tracking_number"] = event.data["tracking_number"]
    return order


def changed_outside(order: RowState | None, event: RecordedEvent) -> RowState | None:
    """Replace everything but the customer's name, which is not the order's own."""
    after = event.data["after"]
    if after is None:
        return None
    names = ("customer_name", "customer_email")
    return {
        **new_order(event, after),
        **{name: after[name] for name in ("status", "carrier", "tracking_number")},
        **({name: order[name] for name in names} if order else {}),
    }


HANDLERS = {
    OrderCreated.wire_name: created,
    OrderConfirmed.wire_name: moved("confirmed"),
    OrderShipped.wire_name: shipped,
    OrderDelivered.wire_name: moved("delivered"),
    OrderCancelled.wire_name: moved("cancelled"),
    OrderChangedOutside.wire_name: changed_outside,
}
