"""The order of a list: a column, then the primary key in the same direction.

A row without a time comes before all others, so that descending is ascending reversed.
"""

from functools import cache
from typing import Any

from django.db.models import BooleanField, DateTimeField, F, Func, Model, Value
from django.db.models.expressions import OrderBy
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import GreaterThan, LessThan

NEVER = Cast(Value("-infinity"), DateTimeField())
"""Before all times. A time that is missing is sorted there: NULL itself compares with nothing."""


class Row(Func):
    """`(a, b)`. An index on both answers a comparison of rows in one step."""

    function = ""
    output_field = BooleanField()


def column_of(ordering: str) -> str:
    return ordering.removeprefix("-")


def sorted_by(model: type[Model], ordering: str, backward: bool = False) -> list[OrderBy]:
    """Return what to sort by, from the end of the list if `backward`."""
    descending = _descends(ordering) != backward
    return [OrderBy(part, descending=descending) for part in _key(model, ordering)]


def beyond(
    model: type[Model], ordering: str, value: Any, key: Any, backward: bool = False
) -> GreaterThan | LessThan:
    """Return the condition that a row follows the one with this value and primary key."""
    compare = LessThan if _descends(ordering) != backward else GreaterThan
    given = NEVER if value is None else Value(value)
    return compare(Row(*_key(model, ordering)), Row(given, Value(key)))


def _descends(ordering: str) -> bool:
    return ordering.startswith("-")


def _key(model: type[Model], ordering: str) -> list[F | Coalesce]:
    column = column_of(ordering)
    return [Coalesce(column, NEVER) if _may_be_never(model, column) else F(column), F("pk")]


@cache
def _may_be_never(model: type[Model], column: str) -> bool:
    field = model._meta.get_field(column)
    return isinstance(field, DateTimeField) and field.null
