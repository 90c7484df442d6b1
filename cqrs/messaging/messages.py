"""Commands and queries are frozen pydantic models.

One declaration gives the type, the validation, the JSON and the OpenAPI schema.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, ClassVar, get_origin
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError


@dataclass(frozen=True, slots=True)
class ServerSet:
    """Mark a field that the path or the server fills: a request body that names it is invalid."""


def _no_nul(value: str) -> str:
    # PostgreSQL cannot store U+0000 in text; refuse it here, with a name, instead of there.
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


class Message(BaseModel):
    """Base of everything that travels on the bus."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="float")

    permission: ClassVar[str]
    """Who may send it: a Django permission, `app_label.codename`."""

    @classmethod
    @cache
    def server_set_fields(cls) -> frozenset[str]:
        return frozenset(
            name
            for name, field in cls.model_fields.items()
            if any(isinstance(mark, ServerSet) for mark in field.metadata)
        )


class Command(Message):
    """A wish to change one aggregate on `default`. Named in the imperative."""

    answer: ClassVar[type["AggregateState"]]
    """The state that it answers with."""

    expected_version: Annotated[int | None, ServerSet()] = None
    """Refuse with `version_conflict` unless the aggregate still has this version (If-Match)."""


class Query(Message):
    """A question answered from `replica` alone. Named `GetX` or `ListX`."""

    projection: ClassVar[str]
    """The projection whose read model answers it."""

    cache_for_s: ClassVar[float] = 0
    """How long an answer may be kept when nobody says that it is old; 0: it is never kept."""

    consistency_token: Annotated[str | None, ServerSet()] = None
    """What the caller has written and wants to see in the answer."""
    wait_s: Annotated[float | None, ServerSet()] = None
    """How long to wait for that, in seconds."""

    @property
    def changed_by(self) -> UUID | None:
        """The one id that every event names which can change the answer; None: any event can."""
        return None

    @classmethod
    @cache
    def repeatable_fields(cls) -> frozenset[str]:
        """Return the parameters that may stand in a query string more than once."""
        return frozenset(
            name
            for name, field in cls.model_fields.items()
            if get_origin(field.annotation) in (tuple, list, frozenset)
        )


class AggregateState(Message):
    """The write-side state that a command answers with. `version` counts its changes from 1."""

    stream_type: ClassVar[str]

    version: int

    @property
    def aggregate_id(self) -> Any:
        """Return the id of the aggregate's stream."""
        return self.id  # type: ignore[attr-defined]
