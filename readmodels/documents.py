"""The shapes of the documents that queries answer with, for the OpenAPI schema.

The projections write them and reads copy them to the wire, so nothing here runs on a read.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

Status = Literal["pending", "confirmed", "shipped", "delivered", "cancelled"]


class OrderLineDocument(BaseModel):
    product_id: UUID
    product_name: str
    quantity: int
    unit_price: Decimal
    currency: str
    line_total: Decimal


class OrderDocument(BaseModel):
    id: UUID
    customer_id: UUID
    customer_name: str
    customer_email: str
    status: Status
    items: list[OrderLineDocument]
    total_amount: Decimal
    currency: str
    item_count: int
    order_date: datetime
    updated_at: datetime
    shipping_address: str
    special_instructions: str
    carrier: str
    tracking_number: str
    version: int


class CurrencyTotal(BaseModel):
    currency: str
    amount: Decimal


class CustomerDocument(BaseModel):
    id: UUID
    name: str
    email: str
    is_active: bool
    registered_at: datetime
    order_count: int
    open_order_count: int
    cancelled_count: int
    totals: list[CurrencyTotal]
    last_order_at: datetime | None
    version: int


class StockDocument(BaseModel):
    product_id: UUID
    sku: str
    name: str
    on_hand: int
    reserved: int
    available: int
    version: int


class PageDocument(BaseModel):
    """What all lists share. `count` is exact up to 100,000; beyond, `count_capped` is true.

    By cursor there is neither `count` nor `page`.
    """

    count: int | None
    count_capped: bool = False
    page: int | None
    page_size: int
    next: str | None
    previous: str | None


class OrderPage(PageDocument):
    results: list[OrderDocument]


class CustomerPage(PageDocument):
    results: list[CustomerDocument]


class StockPage(PageDocument):
    results: list[StockDocument]
