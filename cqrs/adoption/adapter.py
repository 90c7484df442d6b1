"""What a project declares of an aggregate, so that outside changes of its rows can be adopted."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from pydantic import BaseModel

from cqrs.conf import cached_setting, conf, tables
from cqrs.event_log import digests
from cqrs.event_log.aggregates import Aggregate
from cqrs.event_log.events import Event

S = TypeVar("S", bound=BaseModel)


class NotAdopted(Exception):
    """The change is parked: what it means is for a person to decide.

    The text has no values of the row, which can be personal.
    """


@dataclass(frozen=True, slots=True)
class Change(Generic[S]):
    """The difference between the log and a row. None: there is, or was, no row."""

    aggregate_id: UUID
    before: S | None
    after: S | None


@dataclass(slots=True)
class Consequences:
    """Events of other aggregates, already stored, that follow from changes.

    `refused` has the reasons, by aggregate, why a change cannot be adopted.
    """

    events: list[tuple[Aggregate, Event]] = field(default_factory=list)
    refused: dict[UUID, str] = field(default_factory=dict)


class Adapter(ABC, Generic[S]):
    """How one aggregate is compared with its events.

    A snapshot is a pydantic model: the state as the events know it. Rows can be of the model's
    state in a migration, so only their fields may be used.
    """

    model: ClassVar[type[Aggregate]]
    tables: ClassVar[Mapping[str, str]]
    """The database tables of the aggregate, each with the column that has the aggregate's id."""

    @property
    def stream_type(self) -> str:
        return self.model.stream_type

    def rows(self, model: Any) -> QuerySet[Any, Any]:
        """Return the query of the rows, with what belongs to them."""
        found: QuerySet[Any, Any] = model._default_manager.all()
        return found

    def is_unchanged(self, row: Any) -> bool:
        """Return whether all digests of the row fit. Raises `UnknownDigest`."""
        return digests.fits(row.digest, self.model.digest_fields, row)

    @abstractmethod
    def snapshot(self, row: Any) -> S:
        """Return the state that the row has. Raises `NotAdopted` for one that makes no sense."""

    @abstractmethod
    def fold(self, state: S | None, event: Event) -> S | None:
        """Return the state after the event, which says what is there and not what was added.

        It gets the last event of each type, in the order of the versions; an event that needs a
        state can come without one.
        """

    @abstractmethod
    def event(self, change: Change[S]) -> Event:
        """Return the event of the change."""

    def aggregate(self, change: Change[S]) -> Aggregate:
        """Return an aggregate for the event of a deletion, with what its partition key needs."""
        return self.model(**{self.model._meta.pk.attname: change.aggregate_id})

    def check(self, change: Change[S]) -> None:
        """Raise `NotAdopted` for a change that no event can say."""

    def consequences(self, changes: Sequence[Change[S]]) -> Consequences:
        """Store what follows from the changes for other aggregates; nothing by default.

        Runs in the transaction of the adoption, when the changed rows are locked.
        """
        return Consequences()

    def derive(self, rows: Sequence[Any]) -> None:
        """Set the model's `derived_fields` of changed rows."""


@cached_setting
def adapters() -> Mapping[str, Adapter[Any]]:
    """Return the adapters by stream type, from the tables named in the settings."""
    return {adapter.stream_type: adapter for table in tables(conf().ADOPTION) for adapter in table}


def adapter_of(stream_type: str) -> Adapter[Any]:
    """Return the adapter of the stream type. Raises `ImproperlyConfigured` without one."""
    if (found := adapters().get(stream_type)) is None:
        raise ImproperlyConfigured(f"CQRS['ADOPTION'] has no adapter for {stream_type!r}")
    return found


def watched_tables() -> dict[str, tuple[str, str]]:
    """Return the stream type and the column with the aggregate's id, by database table."""
    return {
        table: (adapter.stream_type, column)
        for adapter in adapters().values()
        for table, column in adapter.tables.items()
    }
