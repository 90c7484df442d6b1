"""The documents that queries answer with, for the OpenAPI schema.

Projections write them and reads copy their bytes, so no model here is made on a read. The orders
projection writes the fields of `OrderLineDocument`: another field needs another `version` of it.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from cqrs.queries.list_document import PageDocument

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


class OrderPage(PageDocument):
    results: list[OrderDocument]


class CustomerPage(PageDocument):
    results: list[CustomerDocument]


class StockPage(PageDocument):
    results: list[StockDocument]


class SalesPeriod(BaseModel):
    """A day (`2026-01-31`) or a month (`2026-01`) in one currency.

    `order_count` includes the cancelled orders; `revenue` does not.
    """

    period: Annotated[str, Field(pattern=r"^\d{4}-\d\d(-\d\d)?$")]
    currency: str
    order_count: int
    cancelled_count: int
    revenue: Decimal


class SalesReport(BaseModel):
    results: list[SalesPeriod]


class ProductSalesDocument(BaseModel):
    product_id: UUID
    product_name: str
    currency: str
    quantity: int
    revenue: Decimal
    order_count: int


class ProductSalesPage(PageDocument):
    results: list[ProductSalesDocument]


class OrderEventDocument(BaseModel):
    """One event of an order. `data` is its payload in the latest version of the schema.

    `OrderChangedOutside` says that the order was changed outside the application. Its data has the
    order before and after; null before when it was inserted, and after when it was deleted.
    """

    type: Literal[
        "OrderCreated",
        "OrderConfirmed",
        "OrderShipped",
        "OrderDelivered",
        "OrderCancelled",
        "OrderChangedOutside",
    ]
    version: int
    occurred_at: datetime
    actor: str
    correlation_id: str
    data: dict[str, Any]


class OrderHistoryDocument(BaseModel):
    results: list[OrderEventDocument]
