"""Copies of a projection's tables, in schemas of their own, that the same code fills.

A rebuild fills `shadow` while the old tables serve, and what it replaced is kept and followed as
`retired`. A schema each, because names of indexes and constraints are then the same as in the
tables that serve: moving a table to another schema needs no renaming, and no migration notices.
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


class Slot(StrEnum):
    """Where tables of a projection stand: the serving ones, and copies in schemas of their own."""

    SERVING = "serving"
    SHADOW = "shadow"
    """A rebuild fills it."""
    RETIRED = "retired"
    """What the last rebuild replaced: followed, so that it can serve again at once."""
    LEAVING = "leaving"
    """Between serving and retired, within the transaction of a swap."""
    CHECK = "check"
    """What `verify` compares with."""
    SAMPLE = "sample"
    """A part that is folded once more, to prove a new version."""

    @property
    def schema(self) -> str:
        return "public" if self is Slot.SERVING else f"read_{self}"


SERVING_SCHEMA = Slot.SERVING.schema

_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), conname,
       pg_get_constraintdef(pg_constraint.oid), relname
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
LEFT JOIN pg_constraint ON conindid = indexrelid AND contype IN ('p', 'u')
WHERE indrelid = %s::regclass AND indisprimary = %s ORDER BY relname
"""
_GRANTS = """
SELECT privilege_type,
       CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END
FROM pg_class, aclexplode(relacl) WHERE pg_class.oid = %s::regclass AND grantee <> relowner
"""


class Busy(Exception):
    """Somebody else works on the same tables at the moment."""


class TableCopy(Projection):
    """A projection whose rows go into the tables of another schema."""

    def __init__(self, projection: Projection, slot: Slot) -> None:
        self.projection = projection
        self.slot = slot
        self.name = f"{projection.name}.{slot}"
        self.schema = slot.schema
        self.version = projection.version
        self.partitions = 0  # until it is created: a worker must not begin what was dropped

    @property
    def types(self) -> Collection[str]:
        return self.projection.types

    @property
    def tables(self) -> Sequence[Table | SearchTable]:
        return self.projection.tables

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        """Let the projection find its tables in the copy's schema, for this batch alone."""
        with _cursor() as cursor:
            cursor.execute(f"SET LOCAL search_path TO {self.schema}, {SERVING_SCHEMA}")
            self.projection.apply(events)
            cursor.execute("SET LOCAL search_path TO DEFAULT")

    def streams_to_retry(self) -> Collection[Stream]:
        """Return the aggregates whose parked events it needs to be level with what serves."""
        return ()

    def exists(self) -> bool:
        return bool(runner.partitions.get([self.name]))

    def create(self, partitions: int, only: int | None = None) -> None:
        """Make the tables, empty and with nothing but their primary keys, and the checkpoints.

        `only` is the one partition to be built; all of them without it.
        """
        self.partitions = partitions
        with transaction.atomic(using=PROJECTION_ALIAS), _cursor() as cursor:
            self.drop()
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
            for table in self.tables:
                cursor.execute(
                    f"CREATE TABLE {self.schema}.{table.name} (LIKE {SERVING_SCHEMA}.{table.name}"
                    " INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)"
                )
                self._copy_indexes(cursor, table, primary=True)
            runner.partitions.start(self, only=only)

    def complete(self) -> None:
        """Add the indexes and grants of the serving tables; what is there already stays."""
        with transaction.atomic(using=PROJECTION_ALIAS), _cursor() as cursor:
            for table in self.tables:
                self._copy_indexes(cursor, table, primary=False)
                cursor.execute(_GRANTS, [f"{SERVING_SCHEMA}.{table.name}"])
                for privilege, grantee in cursor.fetchall():
                    cursor.execute(f"GRANT {privilege} ON {self.schema}.{table.name} TO {grantee}")
                cursor.execute(f"ANALYZE {self.schema}.{table.name}")

    def drop(self) -> None:
        """Remove the tables and what is known of them."""
        with transaction.atomic(using=PROJECTION_ALIAS), _cursor() as cursor:
            runner.partitions.lock([self.name])  # as workers do: the checkpoints, then the tables
            for table in self.tables:
                cursor.execute(f"DROP TABLE IF EXISTS {self.schema}.{table.name}")
            for model in (ProjectionCheckpoint, ParkedEvent):
                model._default_manager.using(PROJECTION_ALIAS).filter(consumer=self.name).delete()

    def _copy_indexes(
        self, cursor: CursorWrapper, table: Table | SearchTable, *, primary: bool
    ) -> None:
        cursor.execute(_INDEXES, [f"{SERVING_SCHEMA}.{table.name}", primary])
        for _, definition, constraint, constraint_definition, name in cursor.fetchall():
            cursor.execute("SELECT to_regclass(%s)", [f"{self.schema}.{name}"])
            if cursor.fetchone()[0] is not None:
                continue
            if constraint is None:
                here, there = (
                    f" ON {each}.{table.name} " for each in (SERVING_SCHEMA, self.schema)
                )
                cursor.execute(definition.replace(here, there, 1))
            else:
                cursor.execute(
                    f"ALTER TABLE {self.schema}.{table.name}"
                    f" ADD CONSTRAINT {constraint} {constraint_definition}"
                )


def active_consumers(chosen: Sequence[Projection]) -> list[Projection]:
    """Return all that workers apply: the projections, and their retired tables that are kept."""
    retired = [TableCopy(projection, Slot.RETIRED) for projection in chosen]
    kept = {
        checkpoint.consumer for checkpoint in runner.partitions.get([copy.name for copy in retired])
    }
    return [*chosen, *(copy for copy in retired if copy.name in kept)]


def drop_all_copies() -> None:
    """Drop every copy: a migration changes the serving tables alone, and copies must be like them.

    Runs before the migrations, so it takes nothing for granted.
    """
    schemas = ", ".join(slot.schema for slot in Slot if slot is not Slot.SERVING)
    with transaction.atomic(using=PROJECTION_ALIAS), _cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {schemas} CASCADE")
        for model in (ProjectionCheckpoint, ParkedEvent):
            cursor.execute("SELECT to_regclass(%s)", [model._meta.db_table])
            if cursor.fetchone()[0] is not None:
                cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE consumer LIKE '%.%'")  # noqa: S608


def repartition(projection: Projection, partitions: int) -> None:
    """Divide the projection's work anew, and that of its kept copy. Raises `Busy`."""
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
    """Keep everybody else from the copy for the block. Raises `Busy`."""
    with session_lock(LockSpace.TABLE_COPY, copy.name, using=PROJECTION_ALIAS) as is_held:
        if not is_held:
            raise Busy(f"{copy.projection.name} is being rebuilt or verified by somebody else")
        yield


def _cursor() -> CursorWrapper:
    return connections[PROJECTION_ALIAS].cursor()
