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
from cqrs.event_log.feed import Stream
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.projection import Projection
from cqrs.projections.registry import runner
from cqrs.projections.table import SearchTable, Table
from cqrs.rebuild.table_ddl import complete_table, create_table_like


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
        return "public" if self is Slot.SERVING else f"read_{self}"


SERVING_SCHEMA = Slot.SERVING.schema


class Busy(Exception):
    """Another process works on the same tables."""


class TableCopy(Projection):
    """A projection that writes its rows to the tables of another schema."""

    def __init__(self, projection: Projection, slot: Slot) -> None:
        self.projection = projection
        self.slot = slot
        self.name = f"{projection.name}.{slot}"
        self.schema = slot.schema
        self.version = projection.version
        self.partitions = 0  # until `create`: a worker must not start a copy that was dropped

    @property
    def types(self) -> Collection[str]:
        return self.projection.types

    @property
    def tables(self) -> Sequence[Table | SearchTable]:
        return self.projection.tables

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        """Apply the events with the copy's schema first on the search path, for this batch."""
        with _cursor() as cursor:
            cursor.execute(f"SET LOCAL search_path TO {self.schema}, {SERVING_SCHEMA}")
            self.projection.apply(events)
            cursor.execute("SET LOCAL search_path TO DEFAULT")

    def streams_to_retry(self) -> Collection[Stream]:
        """Return the aggregates whose parked events must be retried to equal the serving tables."""
        return ()

    def exists(self) -> bool:
        return bool(runner.partitions.get([self.name]))

    def create(self, partitions: int, only: int | None = None) -> None:
        """Create the tables, empty and with primary keys alone, and the checkpoints.

        With `only`, of that one partition.
        """
        self.partitions = partitions
        with transaction.atomic(using=PROJECTION_ALIAS), _cursor() as cursor:
            self.drop()
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
            for table in self.tables:
                create_table_like(cursor, table.name, SERVING_SCHEMA, self.schema)
            runner.partitions.start(self, only=only)

    def complete(self) -> None:
        """Add the indexes and grants of the serving tables that are missing."""
        with transaction.atomic(using=PROJECTION_ALIAS), _cursor() as cursor:
            for table in self.tables:
                complete_table(cursor, table.name, SERVING_SCHEMA, self.schema)

    def drop(self) -> None:
        """Remove the tables, the checkpoints and the parked events."""
        with transaction.atomic(using=PROJECTION_ALIAS), _cursor() as cursor:
            runner.partitions.lock([self.name])  # in the workers' order: checkpoints, then tables
            for table in self.tables:
                cursor.execute(f"DROP TABLE IF EXISTS {self.schema}.{table.name}")
            for model in (ProjectionCheckpoint, ParkedEvent):
                model._default_manager.using(PROJECTION_ALIAS).filter(consumer=self.name).delete()


def active_consumers(chosen: Sequence[Projection]) -> list[Projection]:
    """Return the consumers that workers run: the projections, and their retired tables if any."""
    retired = [TableCopy(projection, Slot.RETIRED) for projection in chosen]
    checkpoints = runner.partitions.get([copy.name for copy in retired])
    existing = {checkpoint.consumer for checkpoint in checkpoints}
    return [*chosen, *(copy for copy in retired if copy.name in existing)]


def drop_all_copies() -> None:
    """Drop every copy: a migration changes the serving tables alone, and copies must equal them.

    Runs before the migrations, so that no table needs to exist.
    """
    schemas = ", ".join(slot.schema for slot in Slot if slot is not Slot.SERVING)
    with transaction.atomic(using=PROJECTION_ALIAS), _cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {schemas} CASCADE")
        for model in (ProjectionCheckpoint, ParkedEvent):
            cursor.execute("SELECT to_regclass(%s)", [model._meta.db_table])
            if cursor.fetchone()[0] is not None:
                cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE consumer LIKE '%.%'")  # noqa: S608


def repartition(projection: Projection, partitions: int) -> None:
    """Change the number of partitions of the projection and its retired copy. Raises `Busy`."""
    if partitions > 1 and not projection.is_divisible:
        raise ValueError(f"{projection.name} gathers over all partitions: it has to have one")
    with (
        exclusive(TableCopy(projection, Slot.SHADOW)),
        exclusive(TableCopy(projection, Slot.CHECK)),
    ):
        for each in active_consumers([projection]):
            runner.repartition(each, partitions)


@contextmanager
def exclusive(copy: TableCopy) -> Iterator[None]:
    """Hold the copy's lock for the block. Raises `Busy` if another process has it."""
    with session_lock(LockSpace.TABLE_COPY, copy.name, using=PROJECTION_ALIAS) as is_held:
        if not is_held:
            raise Busy(f"{copy.projection.name} is being rebuilt or verified by another process")
        yield


def _cursor() -> CursorWrapper:
    return connections[PROJECTION_ALIAS].cursor()
