"""The base of projections: consumers that fold events into the rows of read models."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from cqrs.conf import conf
from cqrs.consumers.consumer import apply
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.feed import RawEvent
from cqrs.projections.projected_batch import ProjectedBatch
from cqrs.projections.rows import Handler, fold, keys_of
from cqrs.projections.store import RowsByTable, Store
from cqrs.projections.table import SearchTable, Table


class Projection:
    """A consumer that writes read models and nothing else.

    It works batch by batch in two phases: it names the rows that the events touch (`keys`), and
    folds the events into the loaded rows in memory (`fold`). The kernel loads and writes, for all
    projections together where it can. So an error of the fold comes
    before anything is written. A projection of one table needs declarations only. A handler takes a
    row's state (None without a row) and an event, and returns the new state, or None to delete the
    row of a `deletable` table:

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

    Where a write follows from another write, override `follow_up`, and `has_follow_up` if it can be
    long. A projection of several tables
    overrides `tables`, `keys` and `fold`; `readmodels/projections/orders.py` does both.

    Raise `version` with every change of what the fold writes or handles, and leave the version that
    serves registered beside it: the version of a checkpoint selects the code that folds.
    """

    name: str
    version: int
    home_of: str | None = None
    """The stream type whose aggregates are the rows of the first table, with their versions. Events
    of such a stream that have no handler move the version and the position of their row."""
    table: ClassVar[Table]
    key: ClassVar[str] = "id"
    """The field of the events that names the row."""
    handlers: ClassVar[Mapping[str, Handler]]
    """The handler of each event, by wire name."""

    @property
    def types(self) -> Collection[str]:
        """Return the wire names of the events that it handles."""
        return self.handlers.keys()

    @property
    def tables(self) -> Sequence[Table | SearchTable]:
        """Return all its tables; it reads and writes no other."""
        return (self.table, self.table.search) if self.table.search else (self.table,)

    def split(self, event: RecordedEvent) -> Iterator[RecordedEvent]:
        """Yield one event per row that the event changes: itself, unless there are several."""
        yield event

    def keys(self, events: Sequence[RecordedEvent]) -> Mapping[Table, Collection[str]]:
        """Return the keys of the rows that the events touch, by table."""
        return {self.table: keys_of(events, self.handlers, self.key)}

    def fold(self, events: Sequence[RecordedEvent], loaded: RowsByTable) -> RowsByTable:
        """Fold the events into the loaded rows; return the changed rows, by table.

        It is pure: it reads and writes no database. Applying events again changes nothing.
        """
        return {self.table: fold(events, self.handlers, self.key, loaded[self.table])}

    def has_follow_up(self, changed: RowsByTable) -> bool:
        """Return whether so much can follow that others should not wait for it."""
        return False

    def follow_up(self, changed: RowsByTable, store: Store) -> None:
        """Write what follows from the rows that were just written; by default nothing."""

    def batch(self, events: Sequence[RecordedEvent]) -> ProjectedBatch:
        """Return the effects of the events on the serving tables."""
        return ProjectedBatch(self, Store(self.name), events)

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        """Write the effects of the events, which are in feed order, in the open transaction."""
        apply(self.batch(events), PROJECTION_ALIAS)

    def skipped(self, events: Sequence[RawEvent]) -> Collection[int]:
        """Return the positions of the events to park instead of applying them."""
        return ()

    def writes(self, table: str, column: str) -> bool:
        """Return whether this version of the code gives the column of a table a value."""
        return any(each.name == table and column in each.columns.names for each in self.tables)

    @property
    def home_table(self) -> Table:
        """Return the table whose rows are the aggregates of `home_of`."""
        first = self.tables[0]
        assert isinstance(first, Table)  # noqa: S101  a table of search texts comes after its table
        return first

    @property
    def is_divisible(self) -> bool:
        """Return whether the events of each row have one partition key."""
        return all(table.partition_key for table in self.tables)

    @cached_property
    def partitions(self) -> int:
        # Two partitions that fold one row at once would overwrite each other's changes.
        return conf().PARTITIONS if self.is_divisible else 1
