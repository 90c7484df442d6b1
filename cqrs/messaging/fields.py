"""The field types that messages share: bounded texts, times in UTC, and fields of the server."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, StringConstraints
from pydantic_core import PydanticCustomError


@dataclass(frozen=True, slots=True)
class ServerSet:
    """Mark a field that the URL or the server fills: a request body that contains it is invalid."""


def _no_nul(value: str) -> str:
    # PostgreSQL cannot store U+0000 in text: refuse it here, where the answer can name the field.
    if "\0" in value:
        raise PydanticCustomError("string_nul", "Text must not contain the NUL character")
    return value


Text = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_no_nul)]
OptionalText = Annotated[str, StringConstraints(max_length=200), AfterValidator(_no_nul)]
LongText = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_no_nul)]


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("datetime_range", "Not a time that UTC can express") from None


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_to_utc)]
