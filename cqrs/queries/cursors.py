"""A place in an ordered list, as an opaque text that a client hands back to go on from there.

Reading on from a place costs the same at any depth, and rows that come in between neither repeat
nor hide others, as they do with page numbers.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import orjson
from pydantic import (
    AwareDatetime,
    Field,
    PlainSerializer,
    PlainValidator,
    TypeAdapter,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, to_jsonable_python

from cqrs.messaging.fields import LongText
from cqrs.queries.orderings import column_of

MAX_LENGTH = 2_000
Count = Annotated[int, Field(ge=0, lt=2**31)]
Money = Annotated[Decimal, Field(max_digits=28, allow_inf_nan=False)]

# Every column that a list can be ordered by, with its kind of value.
KINDS: dict[str, Any] = {
    "order_date": AwareDatetime,
    "total_amount": Money,
    "status": LongText,
    "customer_name": LongText,
    "registered_at": AwareDatetime,
    "name": LongText,
    "order_count": Count,
    "last_order_at": AwareDatetime | None,
    "available": Count,
    "revenue": Annotated[Decimal, Field(max_digits=40, allow_inf_nan=False)],
    "quantity": Annotated[int, Field(ge=0, lt=2**63)],
}
# The id of most rows is a UUID.
_ids: dict[str, Any] = dict.fromkeys(("revenue", "quantity"), LongText)
_adapters: dict[str, TypeAdapter[Any]] = {
    column: TypeAdapter(tuple[kind, _ids.get(column, UUID)])  # type: ignore[arg-type,misc,valid-type]
    for column, kind in KINDS.items()
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place behind the row with this `key` (value and id), or before it if `backward`.

    Without a key: before the first row or, backward, behind the last. Without an ordering: the
    start of a list in any.
    """

    ordering: str = ""
    backward: bool = False
    key: tuple[Any, UUID | str] | None = None

    def __str__(self) -> str:
        if self == Cursor():
            return ""
        key = None if self.key is None else to_jsonable_python(self.key)
        plain = orjson.dumps([self.ordering, self.backward, key])
        return urlsafe_b64encode(plain).decode().rstrip("=")


def read(text: Any) -> Cursor:
    """Return the cursor that a text stands for. Raises `PydanticCustomError`."""
    if isinstance(text, Cursor):
        return text
    try:
        return _read(text) if text else Cursor()
    except (ValueError, TypeError, KeyError, AttributeError):  # a ValidationError is a ValueError
        raise PydanticCustomError(
            "cursor", "Take the cursor from a link of this list, or leave it empty"
        ) from None


def _read(text: str) -> Cursor:
    if len(text) > MAX_LENGTH:
        raise ValueError("too long")
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    ordering, backward, key = orjson.loads(urlsafe_b64decode(padded))
    if type(backward) is not bool:
        raise TypeError("not one of ours")
    adapter = _adapters[column_of(ordering)]
    known = None if key is None else adapter.validate_json(orjson.dumps(key))
    cursor = Cursor(ordering, backward, known)
    if str(cursor) != text:  # one place, one text
        raise ValueError("not one of ours")
    return cursor


CursorText = Annotated[
    Cursor,
    PlainValidator(read),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "maxLength": MAX_LENGTH}),
]
