"""The types of query parameters: they turn a query string's texts into values or errors."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from cqrs.messaging import grammar
from cqrs.messaging.fields import LongText, reads_decimal_number


def _moment(value: Any) -> Any:
    if isinstance(value, date):  # or a datetime, which is one
        return value
    for read in (grammar.day, grammar.timestamp):
        try:
            return read(value if isinstance(value, str) else "")
        except PydanticCustomError:
            continue
    raise PydanticCustomError(
        "day_or_timestamp", "Give a UTC day (2026-01-31) or an RFC 3339 timestamp with its offset"
    )


Moment = Annotated[date | AwareDatetime, BeforeValidator(_moment)]
"""A whole UTC day, or one moment."""


def first_of(moment: date | datetime) -> datetime:
    """Return where a range begins: a day at its first microsecond."""
    return _at(moment, time.min)


def last_of(moment: date | datetime) -> datetime:
    """Return where a range ends, included: a day at its last microsecond."""
    return _at(moment, time.max)


def day_of(moment: date | datetime) -> date:
    """Return the UTC day of a moment."""
    return moment.date() if isinstance(moment, datetime) else moment


def _at(moment: date | datetime, day_time: time) -> datetime:
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, day_time, UTC)


_AMOUNT = r"^-?(0|[1-9][0-9]{0,13})(\.[0-9]{1,14})?$"
Amount = Annotated[
    Decimal,
    Field(max_digits=28, allow_inf_nan=False),
    reads_decimal_number,
    WithJsonSchema(
        {"type": "string", "pattern": r"^-?(0|[1-9][0-9]{0,13})(\.[0-9]{1,14})?$"},
        mode="validation",
    ),
]
Search = Annotated[LongText, Field(max_length=200)]
