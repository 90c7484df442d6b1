"""Projections: consumers that fold events into the rows of read models."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from cqrs.conf import conf
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.feed import RawEvent
from cqrs.projections.rows import Handler, fold, keys_of
from cqrs.projections.table import SearchTable, Table


class Projection:
    """A consumer that writes read models, and nothing else. A released `version` has one fold.

    Work is done by the batch: load the touched rows with one statement, fold the events in memory,
    write the changed rows with one statement. A projection of one table declares it, and no code.
    A handler takes a row's state, None without a row, and an event, and returns the new state:

    >>> from django.db import models
    >>> from cqrs.projections.read_models import ReadModel
    >>> class TitleRow(ReadModel):
    ...     id = models.UUIDField(primary_key=True)
    ...     class Meta:
    ...         app_label = "library"
    >>> def renamed(state, event):
    ...     return {**state, "name": event.data["name"], "version": event.version}
    >>> class Titles(Projection):
    ...     name, version, home_of = "titles", 1, "title"
    ...     table = Table(TitleRow, partition_key="id")
    ...     key = "title_id"
    ...     handlers = {"library.title_renamed": renamed}
    >>> list(Titles().types), Titles().is_divisible
    (['library.title_renamed'], True)

    A projection of several tables overrides `tables` and `apply`.
    """

    name: str
    version: int
    home_of: str | None = None
    """The stream type whose aggregates are the rows of the first table, with their versions."""
    table: ClassVar[Table]
    key: ClassVar[str] = "id"
    """The field of the events that names the row."""
    handlers: ClassVar[Mapping[str, Handler]]
    """What each event, by wire name, does to a row."""

    @property
    def types(self) -> Collection[str]:
        """Return the wire names of the events that it handles."""
        return self.handlers.keys()

    @property
    def tables(self) -> Sequence[Table | SearchTable]:
        """Return all its tables; it reads and writes no other."""
        return (self.table, self.table.search) if self.table.search else (self.table,)

    def split(self, event: RecordedEvent) -> Iterator[RecordedEvent]:
        """Yield what the event says of each row: itself, unless it changes another's row."""
        yield event

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        """Write the effects of the events, which come in feed order."""
        parts = [part for event in events if event.type in self.types for part in self.split(event)]
        rows = self.table.load(keys_of(parts, self.handlers, self.key))
        self.table.upsert(fold(parts, self.handlers, self.key, rows))

    def skipped(self, events: Sequence[RawEvent]) -> Collection[int]:
        """Return the positions of events that are to be parked instead of applied."""
        return ()

    @property
    def is_divisible(self) -> bool:
        """Say whether each row is made of the events of one partition key alone."""
        return all(table.partition_key for table in self.tables)

    @cached_property
    def partitions(self) -> int:
        # Folding a row in two partitions at once would lose what one of them adds.
        return conf().PARTITIONS if self.is_divisible else 1
