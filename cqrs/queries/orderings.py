"""The order of a list: a column, and ties by id in the same direction.

A row without a value comes before all others, so that descending is ascending reversed.
"""

from typing import Any

from django.db.models import BooleanField, DateTimeField, F, Func, Value
from django.db.models.expressions import OrderBy
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import GreaterThan, LessThan

NEVER = Cast(Value("-infinity"), DateTimeField())
"""Before all times: what has not happened yet is sorted there."""

# Compared as a value that comes before all others: NULL itself compares with nothing.
NULLABLE = {"last_order_at": NEVER}


class Row(Func):
    """`(a, b)`. An index on both answers a comparison of rows in one step."""

    function = ""
    output_field = BooleanField()


def column_of(ordering: str) -> str:
    return ordering.removeprefix("-")


def sorted_by(ordering: str, backward: bool = False) -> list[OrderBy]:
    """Return what to sort by, from the end of the list if `backward`."""
    descending = _descends(ordering) != backward
    return [OrderBy(part, descending=descending) for part in _key(ordering)]


def beyond(ordering: str, value: Any, key: Any, backward: bool = False) -> Any:
    """Return the condition that a row follows the one with this value and id."""
    compare = LessThan if _descends(ordering) != backward else GreaterThan
    missing = NULLABLE.get(column_of(ordering))
    given = missing if value is None and missing is not None else Value(value)
    return compare(Row(*_key(ordering)), Row(given, Value(key)))


def _descends(ordering: str) -> bool:
    return ordering.startswith("-")


def _key(ordering: str) -> list[F | Coalesce]:
    column = column_of(ordering)
    missing = NULLABLE.get(column)
    return [F(column) if missing is None else Coalesce(column, missing), F("id")]
