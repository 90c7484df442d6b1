"""Aggregates as snapshots: what each event leaves, and what another program makes of it."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

from cqrs.event_log.events import Event, RecordedEvent, event_types
from customers.events import (
    CustomerChangedOutside,
    CustomerDeactivated,
    CustomerRegistered,
    CustomerSnapshot,
    CustomerUpdated,
)
from orders.events import (
    Line,
    OrderChangedOutside,
    OrderCreated,
    OrderEvent,
    OrderShipped,
    OrderSnapshot,
    StockChangedOutside,
    StockMoved,
    StockSet,
    StockSnapshot,
)

Snapshot = Any
Sold = tuple[UUID, str, int, str]
"""A line: product, its name, quantity, line total."""

ORDER_FACTS = ("customer_id", "order_date", "currency", "total_amount")


def snapshot_after(event: Event, before: Snapshot | None) -> Snapshot | None:
    """Return the aggregate after the event; None if it is gone."""
    match event:
        case CustomerChangedOutside() | OrderChangedOutside() | StockChangedOutside():
            return event.after
        case CustomerRegistered():
            return CustomerSnapshot(is_active=True, **_of(event, CustomerSnapshot))
        case CustomerUpdated():
            return before.model_copy(update={"name": event.name, "email": event.email})
        case CustomerDeactivated():
            return before.model_copy(update={"is_active": False})
        case StockSet():
            return StockSnapshot(**_of(event, StockSnapshot))
        case StockMoved():
            return before.model_copy(update=_of(event, StockSnapshot))
    return _order_after(event, before)


def _order_after(event: Event, before: OrderSnapshot | None) -> OrderSnapshot:
    if isinstance(event, OrderCreated):
        status = {"status": "pending", "carrier": "", "tracking_number": ""}
        return OrderSnapshot(**status, **_of(event, OrderSnapshot))
    assert isinstance(event, OrderEvent)
    assert before is not None
    status = {"status": event.wire_name.rpartition("_")[2]}
    shipping = ("carrier", "tracking_number") if isinstance(event, OrderShipped) else ()
    return before.model_copy(update={**status, **{name: getattr(event, name) for name in shipping}})


def _of(event: Event, kind: Any) -> dict[str, Any]:
    """Return the fields of the snapshot that the event has."""
    return {name: getattr(event, name) for name in kind.model_fields if hasattr(event, name)}


def last_snapshots(events: Sequence[RecordedEvent], stream_type: str) -> dict[str, Snapshot]:
    """Return the aggregates that there are after the events, by id."""
    found: dict[str, Snapshot] = {}
    for event in events:
        if event.stream_type == stream_type:
            key, kind = str(event.stream_id), event_types()[event.type]
            found[key] = snapshot_after(kind.model_validate(event.data), found.get(key))
    return {key: snapshot for key, snapshot in found.items() if snapshot is not None}


def changed_outside(key: UUID, before: Snapshot | None, after: Snapshot | None) -> Event:
    """Return the event of a row that another program changed, inserted or deleted."""
    present = after or before
    both = {"before": before, "after": after}
    match present:
        case CustomerSnapshot():
            return CustomerChangedOutside(customer_id=key, **both)
        case OrderSnapshot():
            facts = {name: getattr(present, name) for name in ORDER_FACTS}
            return OrderChangedOutside(order_id=key, **facts, **both)
    amounts = {name: getattr(after, name, 0) for name in ("on_hand", "reserved")}
    return StockChangedOutside(product_id=key, **amounts, **both)


def priced(sold: Sequence[Sold], currency: str) -> tuple[Line, ...]:
    return tuple(
        Line(
            product_id=product_id,
            product_name=name,
            quantity=quantity,
            unit_price=Decimal(line_total) / quantity,
            currency=currency,
            line_total=Decimal(line_total),
            reserved_quantity=0,
        )
        for product_id, name, quantity, line_total in sold
    )


def total_of(items: Sequence[Line]) -> Decimal:
    with localcontext(prec=60):
        return sum((item.line_total for item in items), Decimal(0))
