"""One strict grammar for texts from outside: numbers, ids, times, yes and no.

Python and pydantic read far more than they write: `1_0`, `+1`, `٣`, `1e5`, a UUID without hyphens,
a number as a time. Here a text has one meaning or is refused. What a function accepts, it reads
again from its canonical text with the same result. All raise `PydanticCustomError`, a `ValueError`:

>>> whole_number("10"), decimal_number("-10.50"), boolean("true")
(10, Decimal('-10.50'), True)
>>> whole_number("1_0")
Traceback (most recent call last):
pydantic_core._pydantic_core.PydanticCustomError: Not a whole number such as 10
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from pydantic_core import PydanticCustomError

Moment = TypeVar("Moment", date, datetime)

# The numbers of JSON, without exponents: in some languages a leading zero means octal.
WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,39})")
DECIMAL_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,39})(?:\.[0-9]{1,40})?")
# RFC 9562: 32 hexadecimal digits in either case, with hyphens.
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Microseconds are kept; further digits must be zero, as some systems write them.
_FRACTION = r"[0-9]{1,6}0*"
TIMESTAMP = re.compile(
    rf"{DAY.pattern}[Tt ][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.{_FRACTION})?)?"
    r"(?:[zZ]|[+-][0-9]{2}:[0-9]{2})"
)
# ISO 8601, a calendar date alone or with a time: with hyphens and colons, or without.
_EXTENDED = (
    rf"{DAY.pattern}(?:[T ][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:[.,]{_FRACTION})?)?"
    r"(?:Z|[+-][0-9]{2}(?::[0-9]{2})?)?)?"
)
_BASIC = (
    rf"[0-9]{{8}}(?:T[0-9]{{4}}(?:[0-9]{{2}}(?:[.,]{_FRACTION})?)?"
    r"(?:Z|[+-][0-9]{2}(?:[0-9]{2})?)?)?"
)
ISO_8601 = re.compile(f"{_EXTENDED}|{_BASIC}")
_LONG_FRACTION = re.compile(r"([.,][0-9]{6})0+")


def whole_number(text: str) -> int:
    """Return the number of a text such as `10` or `-3`, of at most 40 digits."""
    if not WHOLE_NUMBER.fullmatch(text):
        raise PydanticCustomError("int_parsing", "Not a whole number such as 10")
    return int(text)


def decimal_number(text: str) -> Decimal:
    """Return the number of a text such as `10.50`, of at most 40 digits on either side."""
    if not DECIMAL_NUMBER.fullmatch(text):
        raise PydanticCustomError("decimal_parsing", "Not a decimal number such as 10.50")
    return Decimal(text)


def boolean(text: str) -> bool:
    """Return whether the text is `true`, in upper or lower case; the other value is `false`."""
    if text.lower() not in ("true", "false"):
        raise PydanticCustomError("bool_parsing", "Give true or false")
    return text.lower() == "true"


def uuid(text: str) -> UUID:
    """Return the id of a text such as `018f0000-0000-7000-8000-000000000001`, in either case."""
    if not UUID_TEXT.fullmatch(text):
        raise PydanticCustomError(
            "uuid_parsing", "Not a UUID such as 018f0000-0000-7000-8000-000000000001"
        )
    return UUID(text)


def day(text: str) -> date:
    """Return the day of a text such as `2026-01-31`."""
    if not DAY.fullmatch(text):
        raise _no_time("Not a day such as 2026-01-31")
    return _read(date.fromisoformat, text, "There is no such day")


def timestamp(text: str) -> datetime:
    """Return the moment of an RFC 3339 text, in UTC."""
    if not TIMESTAMP.fullmatch(text):
        raise _no_time("Not an RFC 3339 time with its offset such as 2026-01-31T12:30:00Z")
    return in_utc(_datetime(text.upper()))


def iso_time(text: str) -> datetime:
    """Return the moment of an ISO 8601 date or time, in UTC; without an offset it is in UTC."""
    if not ISO_8601.fullmatch(text):
        raise _no_time("Not an ISO 8601 date or time such as 2026-01-31 or 2026-01-31T12:30:00Z")
    moment = _datetime(text)
    return in_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def in_utc(moment: datetime) -> datetime:
    """Return the moment in UTC; refuse one outside the years 1 to 9999 there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("datetime_range", "Not a time that UTC can express") from None


def _datetime(text: str) -> datetime:
    return _read(datetime.fromisoformat, _LONG_FRACTION.sub(r"\1", text), "There is no such time")


def _read(parse: Callable[[str], Moment], text: str, remedy: str) -> Moment:
    try:
        return parse(text)
    except ValueError:
        raise _no_time(remedy) from None


def _no_time(remedy: str) -> PydanticCustomError:
    return PydanticCustomError("datetime_parsing", "{remedy}", {"remedy": remedy})
