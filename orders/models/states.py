"""The answers of commands on orders and stock."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID

from cqrs.messaging.messages import AggregateState
from orders.events import Address, Line, PricedLine


class ItemState(PricedLine):
    @classmethod
    def of(cls, line: Line) -> Self:
        return cls(**line.model_dump(include=set(cls.model_fields)))


class OrderState(AggregateState):
    stream_type: ClassVar[str] = "order"

    id: UUID
    customer_id: UUID
    status: str
    items: tuple[ItemState, ...]
    shipping_address: Address
    special_instructions: str
    total_amount: Decimal
    currency: str
    order_date: datetime
    carrier: str
    tracking_number: str


class StockState(AggregateState):
    stream_type: ClassVar[str] = "stock"

    product_id: UUID
    sku: str
    name: str
    on_hand: int
    reserved: int
    available: int

    @property
    def aggregate_id(self) -> Any:
        return self.product_id
