"""Commands and queries: frozen pydantic models.

One declaration gives the type, the validation, the JSON and the OpenAPI schema.
"""

from functools import cache
from typing import Annotated, Any, ClassVar, get_origin
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from cqrs.messaging.fields import ServerSet
from cqrs.messaging.preconditions import Precondition


class Message(BaseModel):
    """Base of commands and queries."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="float")

    permission: ClassVar[str]
    """The Django permission that the sender needs, `app_label.codename`."""

    @classmethod
    @cache
    def server_set_fields(cls) -> frozenset[str]:
        """Return the fields that a request body must not contain."""
        return frozenset(
            name
            for name, field in cls.model_fields.items()
            if any(isinstance(mark, ServerSet) for mark in field.metadata)
        )


class Command(Message):
    """A request to change one aggregate on `default`. Named in the imperative.

    >>> from cqrs.messaging.fields import Text
    >>> class LendBook(Command):
    ...     permission: ClassVar[str] = "library.lend_book"
    ...     book_id: Annotated[UUID, ServerSet()]
    ...     reader: Text
    >>> command = LendBook.model_validate({"book_id": UUID(int=1), "reader": "Ada"})
    >>> command.reader, command.expected_version
    ('Ada', None)
    >>> sorted(LendBook.server_set_fields())
    ['book_id', 'expected_version']
    """

    answer: ClassVar[type["AggregateState"]]
    """The state that its handler returns."""

    expected_version: Annotated[int | Precondition | None, ServerSet()] = None
    """Refuse with `version_conflict` unless the aggregate has this version, in whatever epoch of
    the log, or the precondition of the request holds (If-Match, If-None-Match)."""


class Query(Message):
    """A question that one read model on `replica` answers. Named `GetX` or `ListX`.

    >>> class GetBookById(Query):
    ...     permission: ClassVar[str] = "library.view_book"
    ...     projection: ClassVar[str] = "books"
    ...     book_id: UUID
    >>> GetBookById.model_validate({"book_id": str(UUID(int=1))}).book_id.int
    1
    """

    projection: ClassVar[str]
    """The name of the projection that writes the read model."""

    cache_for_s: ClassVar[float] = 0
    """How long an answer may be cached without an invalidation, in seconds; 0: not at all.

    Redis renews an answer that is asked for again, up to five times."""

    consistency_token: Annotated[str | None, ServerSet()] = None
    """The version of an aggregate that the read model must have applied before it answers."""
    wait_s: Annotated[float | None, ServerSet()] = None
    """How long to wait for that version, in seconds."""

    @property
    def changed_by(self) -> UUID | None:
        """Return the id that all events that can change the answer have in a field `…_id`.

        None: any event can.
        """
        return None

    @classmethod
    @cache
    def repeatable_fields(cls) -> frozenset[str]:
        """Return the parameters that a query string may repeat."""
        return frozenset(
            name
            for name, field in cls.model_fields.items()
            if get_origin(field.annotation) in (tuple, list, frozenset)
        )


class AggregateState(Message):
    """The write-side state that a command returns. `version` counts the changes, from 1."""

    stream_type: ClassVar[str]

    version: int

    @property
    def aggregate_id(self) -> Any:
        """Return the id of the aggregate's stream."""
        return self.id  # type: ignore[attr-defined]
