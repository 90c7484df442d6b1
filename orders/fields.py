"""The types that order messages share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from cqrs.messaging.currencies import Currency
from cqrs.messaging.fields import DecimalNumber, Id, LongText, Text
from cqrs.messaging.messages import Command

Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
UnitPrice = Annotated[
    DecimalNumber, Field(ge=0, le=1_000_000_000, decimal_places=4, allow_inf_nan=False)
]


class Item(BaseModel):
    """One ordered line. Several lines can have the same product."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product_id: Id
    product_name: Text
    quantity: Quantity
    unit_price: UnitPrice
    currency: Currency | None = None


class ShippingAddress(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    street: Text
    city: Text
    state: Text
    postal_code: Text
    country: Text


class OrderContent(Command):
    """The content of an order, which placing and importing have in common."""

    customer_id: Id
    # A list: pydantic reports a tuple whose only item is wrong as too short as well.
    items: Annotated[list[Item], Field(min_length=1, max_length=500)]
    shipping_address: ShippingAddress
    special_instructions: LongText = ""
    currency: Currency | None = None
