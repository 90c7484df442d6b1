"""The types that order messages share."""

import re
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from cqrs.messaging.currencies import Currency
from cqrs.messaging.fields import LongText, Text
from cqrs.messaging.messages import Command

# Decimal() alone would also take "1_000", " 1 ", other scripts' digits and exponents of any size.
PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)


def _is_number(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("decimal_type", "Give a decimal number or string")
    if isinstance(value, str) and not PLAIN_DECIMAL.fullmatch(value):
        raise PydanticCustomError("decimal_parsing", "Not a decimal number such as 10.50")
    return value


Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
UnitPrice = Annotated[
    Decimal,
    Field(ge=0, le=1_000_000_000, decimal_places=4, allow_inf_nan=False),
    BeforeValidator(_is_number),
]


class Item(BaseModel):
    """One line as it is ordered. The same product may stand on several."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product_id: UUID
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
    """What is ordered, by whom and where to: common to placing and importing an order."""

    customer_id: UUID
    # A list: pydantic reports a tuple whose only item is wrong as too short as well.
    items: Annotated[list[Item], Field(min_length=1, max_length=500)]
    shipping_address: ShippingAddress
    special_instructions: LongText = ""
    currency: Currency | None = None
