"""Cursor: a place in an ordered list, as opaque text that a client sends back to read on there.

Reading on from a place costs the same at any depth. Rows that are added meanwhile do not repeat
or hide others, as they do with page numbers.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any
from uuid import UUID

import orjson
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations
from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    PlainSerializer,
    SkipValidation,
    TypeAdapter,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, to_jsonable_python

from cqrs.messaging.fields import LongText
from cqrs.messaging.grammar import in_utc
from cqrs.queries.orderings import column_of

MAX_LENGTH = 2_000
InUtc = Annotated[AwareDatetime, AfterValidator(in_utc)]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place behind the row with this `key` (value and primary key), or before it if `backward`.

    Without a key: before the first row or, backward, behind the last. Without an ordering: the
    start of any list. `scope` names the list and its filters: elsewhere it would be another place.
    """

    ordering: str = ""
    backward: bool = False
    key: tuple[Any, UUID | str] | None = None
    scope: str = ""

    def __str__(self) -> str:
        if self == Cursor():
            return ""
        key = None if self.key is None else to_jsonable_python(self.key)
        plain = orjson.dumps([self.ordering, self.backward, key, self.scope])
        return urlsafe_b64encode(plain).decode().rstrip("=")


CursorText = Annotated[
    SkipValidation[Cursor],  # `read` has validated it: only the query knows the model
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "maxLength": MAX_LENGTH, "pattern": "^[A-Za-z0-9_-]*$"}),
]


def read(text: Any, model: type[models.Model]) -> Cursor:
    """Return the cursor of a list of this model. Raises `PydanticCustomError`."""
    if isinstance(text, Cursor):
        return text
    try:
        return _read(text, model) if text else Cursor()
    except (ValueError, TypeError, AttributeError, FieldDoesNotExist):  # pydantic's: a ValueError
        raise PydanticCustomError(
            "cursor", "Take the cursor from a link of this list, or leave it empty"
        ) from None


def _read(text: str, model: type[models.Model]) -> Cursor:
    if len(text) > MAX_LENGTH:
        raise ValueError("too long")
    padded = text.encode("ascii") + b"=" * (-len(text) % 4)
    ordering, backward, key, scope = orjson.loads(urlsafe_b64decode(padded))
    if type(backward) is not bool or type(scope) is not str:
        raise TypeError("not one of ours")
    adapter = key_adapter(model, column_of(ordering))
    known = None if key is None else adapter.validate_json(orjson.dumps(key))
    cursor = Cursor(ordering, backward, known, scope)
    if str(cursor) != text:  # one place, one text
        raise ValueError("not one of ours")
    return cursor


@cache
def key_adapter(model: type[models.Model], column: str) -> TypeAdapter[Any]:
    """Return what reads the value and the primary key of a row in a list by this column."""
    value, key = value_type(model._meta.get_field(column)), value_type(model._meta.pk)
    return TypeAdapter(tuple[value, key])  # type: ignore[valid-type]


def value_type(field: Any) -> Any:
    """Return the type of a column's values in a cursor. Raises `TypeError` if it has none."""
    match field:
        case models.DateTimeField():
            return InUtc | None if field.null else InUtc
        case models.DateField():
            return date
        case models.DecimalField():
            return Annotated[Decimal, Field(max_digits=field.max_digits, allow_inf_nan=False)]
        case models.IntegerField():
            low, high = BaseDatabaseOperations.integer_field_ranges[field.get_internal_type()]
            return Annotated[int, Field(ge=low, le=high)]
        case models.CharField() | models.TextField():
            return LongText
        case models.UUIDField():
            return UUID
    raise TypeError(f"{field} cannot be the column of an ordering")
