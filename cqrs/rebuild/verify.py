"""Verifying a projection: recompute it from the log, compare in chunks, and mend what differs."""

import random
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import groupby, islice
from typing import Any

from django.db import connections
from django.db.models import QuerySet

from cqrs.consumers.runner import Runner
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log.feed import RawEvent, Stream
from cqrs.event_log.signals import announce_applied
from cqrs.projections.projection import Projection
from cqrs.projections.registry import runner
from cqrs.projections.table import SearchTable, Table
from cqrs.rebuild.catch_up import (
    Report,
    catch_up,
    held_at_equal_position,
    pairs,
    snapshot_at_equal_position,
)
from cqrs.rebuild.comparison import Comparison, Difference
from cqrs.rebuild.sampling import counting, part_of
from cqrs.rebuild.table_copies import SERVING_SCHEMA, Slot, TableCopy, exclusive

NIGHTLY_PARTS = 16
REPAIRED_AT_ONCE = 1_000


class RepairCopy(TableCopy):
    """A copy to repair rows from: it skips the events that the serving tables have parked.

    A retry applies those to the serving tables. In a row that was copied with them they would count
    twice.
    """

    def __init__(self, projection: Projection) -> None:
        super().__init__(projection, Slot.CHECK)

    def skipped(self, events: Sequence[RawEvent]) -> Collection[int]:
        """Return the positions that are parked in the serving tables.

        The copy is never ahead of them: what they could not apply, they have parked already.
        """
        first, last = events[0].position, events[-1].position
        rows = runner.parking.rows(self.projection.name).filter(position__range=(first, last))
        return set(_positions(rows))

    def streams_to_retry(self) -> set[Stream]:
        """Return the aggregates with events that the serving tables have applied meanwhile."""
        there = set(_positions(runner.parking.rows(self.projection.name)))
        return {
            (row.stream_type, row.stream_id)
            for row in runner.parking.rows(self.name)
            if row.position not in there
        }


def _positions(rows: QuerySet[Any]) -> Iterable[int]:
    return rows.values_list("position", flat=True)


def verify(
    projection: Projection, report: Report, *, parts: int = 1, repair: bool = False
) -> Iterator[Difference]:
    """Yield every row that is not what the log says; with `repair`, after it was repaired.

    `parts` above 1 looks at a random one of so many parts of the log, where the projection can
    be cut. Workers go on meanwhile. Needs the memory of a chunk, also if everything differs.
    Raises `Busy`.
    """
    copy = RepairCopy(projection) if repair else TableCopy(projection, Slot.CHECK)
    with exclusive(copy):
        whole = runner.partition_checkpoints(projection)[0].partitions
        partitions = whole if parts == 1 or not copy.is_divisible else part_of(copy, parts)
        only = None if partitions == whole else random.randrange(partitions)  # noqa: S311
        copy.create(partitions, only=only)
        try:
            catch_up(copy, report)
            with closing(_differences(copy, report)) as found:
                for some in _by(REPAIRED_AT_ONCE, found):
                    if repair:
                        _repair(copy, some)
                    yield from some
        finally:
            copy.drop()
    if repair:
        runner.retry_all(projection)  # some had found no row, or a wrong one


def _differences(copy: TableCopy, report: Report) -> Generator[Difference, None, None]:
    with snapshot_at_equal_position(copy) as cursor:
        checkpoints = [checkpoint for checkpoint, _ in pairs(copy)]
        part = checkpoints[0] if len(checkpoints) < checkpoints[0].partitions else None
        for table in copy.tables:
            comparison = Comparison(table, SERVING_SCHEMA, copy.schema, part)
            yield from comparison.differences(cursor, counting(report))


def _by(size: int, found: Iterable[Difference]) -> Iterator[list[Difference]]:
    rest = iter(found)
    while some := list(islice(rest, size)):
        yield some


def _repair(copy: TableCopy, differences: Sequence[Difference]) -> None:
    tables = {table.name: table for table in copy.tables}
    for name, group in groupby(differences, key=lambda each: each.table):
        _copy(copy, tables[name], [each.key for each in group])
    announce_applied(sender=Runner, consumer=copy.projection, events=())


def _copy(copy: TableCopy, table: Table | SearchTable, keys: Sequence[str]) -> None:
    """Put the copy's rows in place of the serving ones, at a moment when both are level."""
    names, key = ", ".join(table.columns.names), table.columns.key
    kind = table.columns.types[key]
    where = f"WHERE {key} = ANY(%s::text[]::{kind}[])"
    with held_at_equal_position(copy), connections[PROJECTION_ALIAS].cursor() as cursor:
        cursor.execute(f"DELETE FROM {SERVING_SCHEMA}.{table.name} {where}", [list(keys)])  # noqa: S608
        cursor.execute(
            f"INSERT INTO {SERVING_SCHEMA}.{table.name} ({names})"  # noqa: S608
            f" SELECT {names} FROM {copy.schema}.{table.name} {where}",
            [list(keys)],
        )
