"""All events of orders and stock.

Money is a decimal string in the currency's minor unit. Every order event has the customer, the
date, the currency and the total, because a projection reads nothing but events.
"""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from cqrs.event_log.events import Event


class PricedLine(BaseModel):
    """One order line with its total, as commands answer it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product_id: UUID
    product_name: str
    quantity: int
    unit_price: Decimal
    currency: str
    line_total: Decimal


class Line(PricedLine):
    """One order line. `reserved_quantity` is what it took from stock, 0 if untracked."""

    reserved_quantity: int


class Address(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    street: str
    city: str
    state: str
    postal_code: str
    country: str


class OrderEvent(Event):
    """The fields of every order event."""

    stream_type: ClassVar[str] = "order"

    order_id: UUID
    customer_id: UUID
    order_date: datetime
    currency: str
    total_amount: Decimal


class OrderCreated(OrderEvent):
    wire_name: ClassVar[str] = "orders.order_created"
    personal: ClassVar[frozenset[str]] = frozenset({"shipping_address", "special_instructions"})

    items: tuple[Line, ...]
    shipping_address: Address
    special_instructions: str


class OrderConfirmed(OrderEvent):
    wire_name: ClassVar[str] = "orders.order_confirmed"


class OrderShipped(OrderEvent):
    wire_name: ClassVar[str] = "orders.order_shipped"

    carrier: str
    tracking_number: str


class OrderDelivered(OrderEvent):
    wire_name: ClassVar[str] = "orders.order_delivered"


class OrderCancelled(OrderEvent):
    """`previous_status` is `pending` or `confirmed`."""

    wire_name: ClassVar[str] = "orders.order_cancelled"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    previous_status: str
    reason: str
    items: tuple[Line, ...]


class OrderSnapshot(BaseModel):
    """The state of an order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: str
    items: tuple[Line, ...]
    shipping_address: Address
    special_instructions: str
    carrier: str
    tracking_number: str
    order_date: datetime
    currency: str
    total_amount: Decimal
    customer_id: UUID


class OrderChangedOutside(OrderEvent):
    """Another program changed, inserted (`before` is None) or deleted (`after` is None) the row.

    The fields of all order events are those after the change; of a deleted order those before.
    """

    wire_name: ClassVar[str] = "orders.order_changed_outside"
    personal: ClassVar[frozenset[str]] = frozenset({"before", "after"})

    before: OrderSnapshot | None
    after: OrderSnapshot | None


class StockEvent(Event):
    """The fields of every stock event: the amounts *after* the change, in pieces."""

    stream_type: ClassVar[str] = "stock"

    product_id: UUID
    on_hand: int
    reserved: int


class StockSet(StockEvent):
    wire_name: ClassVar[str] = "orders.stock_set"

    sku: str
    name: str


class StockMoved(StockEvent):
    """`quantity` pieces moved on behalf of an order."""

    order_id: UUID
    quantity: int


class StockSnapshot(BaseModel):
    """The state of a stock item."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on_hand: int
    reserved: int
    sku: str
    name: str


class StockChangedOutside(StockEvent):
    """Another program changed, inserted (`before` is None) or deleted (`after` is None) the row.

    A deleted one has the amounts 0.
    """

    wire_name: ClassVar[str] = "orders.stock_changed_outside"

    before: StockSnapshot | None
    after: StockSnapshot | None


class StockReserved(StockMoved):
    wire_name: ClassVar[str] = "orders.stock_reserved"


class StockReleased(StockMoved):
    wire_name: ClassVar[str] = "orders.stock_released"


class StockDeducted(StockMoved):
    wire_name: ClassVar[str] = "orders.stock_deducted"


EVENTS = (
    OrderCreated,
    OrderConfirmed,
    OrderShipped,
    OrderDelivered,
    OrderCancelled,
    OrderChangedOutside,
    StockSet,
    StockReserved,
    StockReleased,
    StockDeducted,
    StockChangedOutside,
)
