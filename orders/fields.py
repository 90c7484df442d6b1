"""The types that order messages share."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from cqrs.messaging.currencies import Currency
from cqrs.messaging.fields import Id, LongText, Text, reads_decimal_number
from cqrs.messaging.messages import Command

DECIMALS = 4


def _as_documented(value: Any) -> Any:
    """Refuse a text whose last zeros or whose sign of 0 pydantic would not see."""
    if type(value) is str and value.startswith("-"):
        raise PydanticCustomError("greater_than_equal", "Give 0 or more, without a sign")
    if type(value) is str and len(value.partition(".")[2]) > DECIMALS:
        raise PydanticCustomError("decimal_max_places", "Give at most 4 decimals")
    return value


Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
UnitPrice = Annotated[
    Decimal,
    Field(ge=0, le=1_000_000_000, decimal_places=DECIMALS, allow_inf_nan=False),
    BeforeValidator(_as_documented),
    reads_decimal_number,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1_000_000_000, "multipleOf": 0.0001},
                {
                    "type": "string",
                    "pattern": r"^((0|[1-9][0-9]{0,8})(\.[0-9]{1,4})?|1000000000(\.0{1,4})?)$",
                },
            ]
        }
    ),
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
