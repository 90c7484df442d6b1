"""The field types that messages share: texts, numbers, ids, times in UTC, fields of the server.

A value that comes as text is read by the strict `grammar` and not by pydantic, which guesses.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, NoReturn
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError, PydanticOmit

from cqrs.messaging import grammar


@dataclass(frozen=True, slots=True)
class ServerSet:
    """Mark a field that the URL or the server fills: a request body that contains it is invalid.

    It stands in no JSON schema.
    """

    def __get_pydantic_json_schema__(self, *_: Any) -> NoReturn:
        raise PydanticOmit


def _no_nul(value: str) -> str:
    # PostgreSQL cannot store U+0000 in text: refuse it here, where the answer can name the field.
    if "\0" in value:
        raise PydanticCustomError("string_nul", "Text must not contain the NUL character")
    return value


_NO_NUL = Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})

Text = Annotated[
    str, StringConstraints(min_length=1, max_length=200), AfterValidator(_no_nul), _NO_NUL
]
OptionalText = Annotated[str, StringConstraints(max_length=200), AfterValidator(_no_nul), _NO_NUL]
LongText = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_no_nul), _NO_NUL]


WRONG_TYPES = {
    "int_type": "Give a whole number",
    "decimal_type": "Give a number",
    "bool_type": "Give true or false",
    "uuid_type": "Give a UUID as text",
    "datetime_type": "Give a time as text",
}


def _reading(
    code: str,
    read: Callable[[str], Any],
    *kinds: type,
    pattern: re.Pattern[str] | None = None,
) -> BeforeValidator:
    """Return what reads a text; a value of one of the kinds stays, any other has the error `code`.

    A text that fits the whole of the `pattern` is left to pydantic, which reads it in less time.
    """

    def value_of(value: Any) -> Any:
        if type(value) is str:
            return value if pattern and pattern.fullmatch(value) else read(value)
        if type(value) not in kinds:  # by the exact type: True is an int
            raise PydanticCustomError(code, WRONG_TYPES[code])
        return value

    return BeforeValidator(value_of)


# Behind the limits of a field: pydantic documents limits that follow a validator by wrong names.
reads_whole_number = _reading("int_type", grammar.whole_number, int, pattern=grammar.WHOLE_NUMBER)
reads_decimal_number = _reading(
    "decimal_type", grammar.decimal_number, Decimal, int, float, pattern=grammar.DECIMAL_NUMBER
)

WholeNumber = Annotated[int, reads_whole_number]
DecimalNumber = Annotated[Decimal, reads_decimal_number]
Boolean = Annotated[bool, _reading("bool_type", grammar.boolean, bool)]
Id = Annotated[UUID, _reading("uuid_type", grammar.uuid, UUID, pattern=grammar.UUID_TEXT)]
UtcDatetime = Annotated[
    AwareDatetime,
    _reading("datetime_type", grammar.timestamp, datetime),
    AfterValidator(grammar.in_utc),
]
