"""What an event of an order takes from sums over orders, and what it adds to them.

Every event changes an order from one state to the next. A sum that loses the old state and gets the
new one stays exact, whatever the event is and in which order the events of several orders come.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cqrs.event_log.events import RecordedEvent
from orders.events import OrderCancelled, OrderChangedOutside, OrderCreated, OrderShipped

Contribution = tuple[int, Mapping[str, Any]]
"""A sign, and the order that counts with it: its status, date, currency, total, and lines."""

OPEN = ("pending", "confirmed")
CANCELLED = "cancelled"


def contributions(event: RecordedEvent) -> Iterator[Contribution]:
    """Yield the order before the event with -1, and the order after it with 1.

    Shipping has no lines, because it changes no sum over them.
    """
    before, after = _states(event)
    if before is not None:
        yield -1, before
    if after is not None:
        yield 1, after


def _states(event: RecordedEvent) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    data = event.data
    if event.type == OrderChangedOutside.wire_name:
        return data["before"], data["after"]
    if event.type == OrderCreated.wire_name:
        return None, {**data, "status": "pending"}
    if event.type == OrderShipped.wire_name:
        return {**data, "status": "confirmed"}, {**data, "status": "shipped"}
    if event.type == OrderCancelled.wire_name:
        return {**data, "status": data["previous_status"]}, {**data, "status": CANCELLED}
    raise ValueError(f"{event.type} has no contribution to sums")


def is_cancelled(order: Mapping[str, Any]) -> bool:
    return bool(order["status"] == CANCELLED)
