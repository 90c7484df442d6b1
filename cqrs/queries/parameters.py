"""The types of query parameters: they turn a query string's texts into values or errors."""

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    Field,
    TypeAdapter,
)
from pydantic_core import PydanticCustomError

from cqrs.messaging.fields import LongText

DAY = re.compile(r"\d{4}-\d\d-\d\d")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d.*")
_timestamp = TypeAdapter(AwareDatetime)


def _moment(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        if DAY.fullmatch(value):
            return date.fromisoformat(value)
        if TIMESTAMP.fullmatch(value):
            return _timestamp.validate_python(value).astimezone(UTC)
    except (ValueError, OverflowError):  # a ValidationError is a ValueError
        pass
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


Amount = Annotated[Decimal, Field(max_digits=28, allow_inf_nan=False)]
Search = Annotated[LongText, Field(max_length=200)]
