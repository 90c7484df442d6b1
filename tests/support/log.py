"""A log of events as the write side would publish them, without the write side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction

from cqrs.event_log import feed, sequencer
from cqrs.event_log.events import Event, RecordedEvent, publish
from cqrs.messaging.ids import uuid7
from cqrs.projections.registry import runner
from customers.events import CustomerDeactivated, CustomerRegistered, CustomerUpdated
from orders.events import (
    Address,
    OrderCancelled,
    OrderConfirmed,
    OrderCreated,
    OrderDelivered,
    OrderEvent,
    OrderShipped,
    StockDeducted,
    StockReleased,
    StockReserved,
    StockSet,
)
from readmodels.projections import PROJECTIONS
from tests.support.snapshots import (
    Snapshot,
    Sold,
    changed_outside,
    priced,
    snapshot_after,
    total_of,
)

REGISTERED = datetime(2026, 1, 1, tzinfo=UTC)
PLACED = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
ELM = Address(
    street="12 Elm Street", city="Springfield", state="IL", postal_code="62701", country="US"
)


@dataclass
class Log:
    """Appends to the log of the test's database; `sequenced` puts it all into the feed."""

    was_made: ClassVar[bool] = False

    versions: dict[UUID, int] = field(default_factory=dict)
    orders: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    amounts: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    snapshots: dict[UUID, Snapshot | None] = field(default_factory=dict)
    waiting: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        Log.was_made = True

    def customer(
        self,
        name: str = "Ada",
        email: str = "",
        registered_at: Any = REGISTERED,
        key: UUID | None = None,
    ) -> UUID:
        """Register a customer, a new one unless its key is given."""
        key = key or self._new_key()
        values = {"name": name, "email": email or f"{key}@example.com"}
        self._append("customer", key, CustomerRegistered(
            customer_id=key, registered_at=registered_at, **values))  # fmt: skip
        return key

    def rename(self, key: UUID, name: str, email: str = "new@example.com") -> None:
        self._append("customer", key, CustomerUpdated(customer_id=key, name=name, email=email))

    def deactivate(self, key: UUID) -> None:
        self._append("customer", key, CustomerDeactivated(customer_id=key, reason=""))

    def order(
        self,
        customer_id: UUID,
        *,
        total: str = "20.00",
        currency: str = "USD",
        order_date: datetime = PLACED,
        product_name: str = "Lamp",
        special_instructions: str = "",
        lines: Sequence[Sold] = (),
        key: UUID | None = None,
    ) -> UUID:
        """Append an order of one line that makes up the total, or of `lines`, which then do."""
        key = key or self._new_key()
        items = priced(lines or [(uuid7(), product_name, 2, total)], currency)
        about = {
            "order_id": key,
            "customer_id": customer_id,
            "order_date": order_date,
            "currency": currency,
            "total_amount": total_of(items),
        }
        self.orders[key] = {**about, "items": items, "status": "pending"}
        self._append("order", key, OrderCreated(
            **about, items=items, shipping_address=ELM,
            special_instructions=special_instructions))  # fmt: skip
        return key

    def confirm(self, key: UUID) -> None:
        self._change(key, "confirmed", OrderConfirmed)

    def ship(self, key: UUID) -> None:
        self._change(key, "shipped", OrderShipped, carrier="UPS", tracking_number="1Z9")

    def deliver(self, key: UUID) -> None:
        self._change(key, "delivered", OrderDelivered)

    def cancel(self, key: UUID) -> None:
        order = self.orders[key]
        self._change(key, "cancelled", OrderCancelled, reason="", items=order["items"],
                     previous_status=order["status"])  # fmt: skip

    def stock(
        self, key: UUID | None = None, *, on_hand: int = 1, sku: str = "", name: str = "Lamp"
    ) -> UUID:
        """Count a product, a new one unless its key is given."""
        key = key or self._new_key()
        _, reserved = self.amounts.get(key, (0, 0))
        self.amounts[key] = (on_hand, reserved)
        self._append("stock", key, StockSet(
            product_id=key, on_hand=on_hand, reserved=reserved, sku=sku, name=name))  # fmt: skip
        return key

    def reserve(self, key: UUID, quantity: int = 1) -> None:
        self._move(key, quantity, 0, quantity, StockReserved)

    def release(self, key: UUID, quantity: int = 1) -> None:
        self._move(key, quantity, 0, -quantity, StockReleased)

    def deduct(self, key: UUID, quantity: int = 1) -> None:
        self._move(key, quantity, -quantity, -quantity, StockDeducted)

    def change_outside(self, key: UUID, after: Snapshot | None) -> None:
        """Append what another program made of the row; None: it deleted the row."""
        event = changed_outside(key, self.snapshots.get(key), after)
        if event.stream_type == "order" and after:
            about = {name: getattr(event, name) for name in OrderEvent.model_fields}
            self.orders[key] = {**about, "items": after.items, "status": after.status}
        if event.stream_type == "stock":
            self.amounts[key] = (event.on_hand, event.reserved)
        self._append(event.stream_type, key, event)

    def alter(self, key: UUID, **values: Any) -> None:
        """Append that another program changed these values of the row."""
        self.change_outside(key, self.snapshots[key].model_copy(update=values))

    def published(self) -> None:
        """Commit what is waiting, without positions."""
        if self.waiting:
            with transaction.atomic():
                publish(*self.waiting)
            self.waiting.clear()

    def sequenced(self) -> list[RecordedEvent]:
        """Publish what is waiting, give everything its position, and return the whole feed."""
        self.published()
        sequencer.sequence()
        return feed.read(0, 1_000_000)[0]

    def projected(self) -> None:
        """Bring every projection up to the end of the log."""
        self.sequenced()
        runner.drain(*PROJECTIONS)

    def _new_key(self) -> UUID:
        # Rising, as ids made over time do: tests know what ties by id come to.
        return UUID(f"018f0000-0000-7000-8000-{len(self.versions):012x}")

    def _change(self, key: UUID, status: str, make: Callable[..., Event], **more: Any) -> None:
        order = self.orders[key]
        about = {name: order[name] for name in order if name not in ("items", "status")}
        order["status"] = status
        self._append("order", key, make(**about, **more))

    def _move(
        self, key: UUID, quantity: int, on_hand: int, reserved: int, make: Callable[..., Event]
    ) -> None:
        before = self.amounts[key]
        self.amounts[key] = (before[0] + on_hand, before[1] + reserved)
        self._append("stock", key, make(
            product_id=key, on_hand=self.amounts[key][0], reserved=self.amounts[key][1],
            order_id=uuid7(), quantity=quantity))  # fmt: skip

    def _append(self, stream_type: str, key: UUID, event: Event) -> None:
        self.versions[key] = version = self.versions.get(key, 0) + 1
        self.snapshots[key] = snapshot_after(event, self.snapshots.get(key))
        partition_key = getattr(event, "customer_id", key)
        aggregate = SimpleNamespace(
            stream_type=stream_type, stream_id=key, version=version, partition_key=partition_key
        )
        self.waiting.append((aggregate, event))
