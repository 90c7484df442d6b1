"""What commands on orders and stock answer with."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from cqrs.messaging.messages import AggregateState
from orders.events import Address, Line


class ItemState(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    product_id: UUID
    product_name: str
    quantity: int
    unit_price: Decimal
    currency: str
    line_total: Decimal

    @classmethod
    def of(cls, line: Line) -> Self:
        return cls(**line.model_dump(exclude={"reserved_quantity"}))


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
