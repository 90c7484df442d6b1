"""Copies of a projection's tables in other schemas, which the projection's own code fills.

A rebuild fills the copy `shadow` while the old tables serve. After the swap, the old tables are the
copy `retired`, and workers apply events to it too. Every copy has a schema of its own, so that its
indexes and constraints have the same names as those of the serving tables: moving a table to
another schema needs no renaming, and migrations see no difference.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.database.locks import LockSpace, session_lock
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.feed import RawEvent, Stream
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint, Tombstone
from cqrs.projections.projected_batch import ProjectedBatch
from cqrs.projections.projection import Projection
from cqrs.projections.registry import runner
from cqrs.projections.store import SERVING_SCHEMA, Store
from cqrs.projections.table import SearchTable, Table
from cqrs.rebuild.owned_tables import mark_table, owned_tables
from cqrs.rebuild.table_ddl import add_new_columns, complete_table, create_table_like


class Slot(StrEnum):
    """The schemas in which tables of a projection can be: the serving ones, and copies."""

    SERVING = "serving"
    SHADOW = "shadow"
    """The tables that a rebuild fills."""
    RETIRED = "retired"
    """The tables that the last rebuild replaced. Workers apply events to them, for a rollback."""
    LEAVING = "leaving"
    """The serving tables during the transaction of a swap, before they are retired."""
    CHECK = "check"
    """The tables that `verify` fills and compares with."""
    SAMPLE = "sample"
    """A part of the tables that is folded once more, to prove a new version."""

    @property
    def schema(self) -> str:
        return SERVING_SCHEMA if self is Slot.SERVING else f"read_{self}"


CONSUMER_STATE = (ProjectionCheckpoint, ParkedEvent, Tombstone)
"""The models whose rows belong to a consumer, by its name."""


class Busy(Exception):
    """Another process works on the same tables."""


class TableCopy:
    """A consumer that applies a version of a projection to the tables of another schema."""

    def __init__(self, projection: Projection, slot: Slot) -> None:
        self.projection = projection
        self.slot = slot
        self.name = f"{projection.name}.{slot}"
        self.schema = slot.schema
        self.version = projection.version
        self.types = projection.types
        self.home_of = projection.home_of
        self.partitions = 0  # until `create`: a worker must not start a copy that was dropped

    @property
    def tables(self) -> Sequence[Table | SearchTable]:
        return self.projection.tables

    @property
    def is_divisible(self) -> bool:
        return self.projection.is_divisible

    def batch(self, events: Sequence[RecordedEvent]) -> ProjectedBatch:
        """Return the effects of the events on the copy's tables."""
        return ProjectedBatch(self.projection, Store(self.name, self.schema), events)

    def skipped(self, events: Sequence[RawEvent]) -> Collection[int]:
        """Return the positions of the events to park instead of applying them."""
        return ()

    def writes(self, table: str, column: str) -> bool:
        """Return whether the projection gives the column of a table a value."""
        return self.projection.writes(table, column)

    def streams_to_retry(self) -> Collection[Stream]:
        """Return the aggregates whose parked events must be retried to equal the serving tables."""
        return ()

    def exists(self) -> bool:
        return bool(runner.partitions.get([self.name]))

    def create(self, partitions: int, only: int | None = None) -> None:
        """Create the tables, empty and with primary keys alone, and the checkpoints.

        With `only`, of that one partition. Those that only other versions write are created, too:
        a swap exchanges all tables, so migrations find all of them in their place.
        """
        self.partitions = partitions
        with transaction.atomic(using=PROJECTION_ALIAS), _cursor() as cursor:
            self.drop()
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
            self._create_tables(cursor)
            runner.partitions.start(self, only=only)

    def complete(self) -> None:
        """Add what the serving tables have and the copy lacks: tables, indexes and grants."""
        with transaction.atomic(using=PROJECTION_ALIAS), _cursor() as cursor:
            for name in self._create_tables(cursor):
                complete_table(cursor, name, SERVING_SCHEMA, self.schema)

    def drop(self) -> bool:
        """Remove tables, checkpoints and parked events; return whether there were tables."""
        with transaction.atomic(using=PROJECTION_ALIAS), _cursor() as cursor:
            runner.partitions.lock([self.name])  # in the workers' order: checkpoints, then tables
            names = owned_tables(cursor, self.projection.name, self.schema)
            for name in names:
                cursor.execute(f"DROP TABLE {self.schema}.{name}")
            for model in CONSUMER_STATE:
                model._default_manager.using(PROJECTION_ALIAS).filter(consumer=self.name).delete()
        return bool(names)

    def _create_tables(self, cursor: CursorWrapper) -> Sequence[str]:
        """Create the tables that are missing; return the names of all."""
        names = owned_tables(cursor, self.projection.name, SERVING_SCHEMA)
        for name in names:
            create_table_like(cursor, name, SERVING_SCHEMA, self.schema)
            mark_table(cursor, self.projection.name, self.schema, name)
        return names


def follow_migration() -> None:
    """Add to every copy the columns that a migration has added to its serving table."""
    copies = [slot.schema for slot in Slot if slot is not Slot.SERVING]
    with transaction.atomic(using=PROJECTION_ALIAS), _cursor() as cursor:
        add_new_columns(cursor, SERVING_SCHEMA, copies)


@contextmanager
def exclusive(copy: TableCopy) -> Iterator[None]:
    """Hold the copy's lock for the block. Raises `Busy` if another process has it."""
    with session_lock(LockSpace.TABLE_COPY, copy.name, using=PROJECTION_ALIAS) as is_held:
        if not is_held:
            raise Busy(f"{copy.projection.name} is being rebuilt or verified by another process")
        yield


def _cursor() -> CursorWrapper:
    return connections[PROJECTION_ALIAS].cursor()
