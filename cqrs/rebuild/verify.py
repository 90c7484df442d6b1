"""Verify a projection: recompute it from the log, compare in chunks, and repair what differs."""

import random
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import groupby, islice
from typing import Any

from django.db import connections
from django.db.models import QuerySet

from cqrs.consumers.ahead import require_not_ahead
from cqrs.consumers.announcements import announce
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log.feed import RawEvent, Stream
from cqrs.projections.models import Tombstone
from cqrs.projections.projection import Projection
from cqrs.projections.registry import runner
from cqrs.projections.store import SERVING_SCHEMA
from cqrs.projections.table import SearchTable, Table
from cqrs.rebuild.catch_up import (
    Report,
    catch_up,
    held_at_equal_position,
    matching_checkpoints,
    snapshot_at_equal_position,
)
from cqrs.rebuild.comparison import Comparison, Difference
from cqrs.rebuild.sampling import report_rows, sample_partitions
from cqrs.rebuild.serving import serving_version
from cqrs.rebuild.table_copies import Slot, TableCopy, exclusive
from cqrs.rebuild.tombstones import tombstone_differences
from cqrs.rebuild.verifications import record_verification

NIGHTLY_PARTS = 16
REPAIR_BATCH = 1_000  # rows


class RepairCopy(TableCopy):
    """The copy that rows are repaired from. It skips what the serving tables have parked.

    A retry will apply those events to the serving tables. In a row that was copied with their
    effects, they would count twice.
    """

    def __init__(self, projection: Projection) -> None:
        super().__init__(projection, Slot.CHECK)

    def skipped(self, events: Sequence[RawEvent]) -> Collection[int]:
        """Return the positions that are parked in the serving tables.

        The copy is never ahead of the serving tables, so they have parked what they cannot apply.
        """
        first, last = events[0].position, events[-1].position
        rows = runner.parking.rows(self.projection.name).filter(position__range=(first, last))
        return set(_positions(rows))

    def streams_to_retry(self) -> set[Stream]:
        """Return the aggregates whose skipped events the serving tables have applied meanwhile."""
        still_parked = set(_positions(runner.parking.rows(self.projection.name)))
        return {
            (row.stream_type, row.stream_id)
            for row in runner.parking.rows(self.name)
            if row.position not in still_parked
        }


def _positions(rows: QuerySet[Any]) -> Iterable[int]:
    return rows.values_list("position", flat=True)


def verify(
    projection: Projection, report: Report, *, parts: int = 1, repair: bool = False
) -> Iterator[Difference]:
    """Yield every row that differs from a fold of the log; with `repair`, after its repair.

    With `parts` above 1, verifies a random one of that many parts of the log, if the projection
    can be divided. Workers continue meanwhile. Needs the memory of a chunk, also if every row
    differs. Raises `Busy`, `AheadOfLog`, and `NeedsOtherBuild` if this build does not have the
    serving version.
    """
    require_not_ahead(runner.started(projection))
    projection = serving_version(projection.name)
    drifts = 0
    copy = RepairCopy(projection) if repair else TableCopy(projection, Slot.CHECK)
    with exclusive(copy):
        whole = runner.partitions.get([projection.name])[0].partitions
        partitions = whole if parts == 1 else sample_partitions(copy, parts)
        only = None if partitions == whole else random.randrange(partitions)  # noqa: S311
        copy.create(partitions, only=only)
        try:
            catch_up(copy, report)
            with closing(_differences(copy, report)) as found:
                for some in _in_batches(REPAIR_BATCH, found):
                    drifts += len(some)
                    if repair:
                        _repair(copy, some)
                    yield from some
        finally:
            copy.drop()
    record_verification(projection.name, 0 if repair else drifts, is_sample=only is not None)
    if repair:
        # An event may have failed because its row was missing or wrong.
        runner.retries.retry_all(projection)


def _differences(copy: TableCopy, report: Report) -> Generator[Difference, None, None]:
    with snapshot_at_equal_position(copy) as cursor:
        checkpoints = [own for own, _ in matching_checkpoints(copy)]
        part = checkpoints[0] if len(checkpoints) < checkpoints[0].partitions else None
        for table in copy.tables:
            comparison = Comparison(table, SERVING_SCHEMA, copy.schema, part)
            yield from comparison.differences(cursor, report_rows(report))
            names = copy.projection.name, copy.name
            yield from tombstone_differences(cursor, table, names, part)


def _in_batches(size: int, found: Iterable[Difference]) -> Iterator[list[Difference]]:
    rest = iter(found)
    while some := list(islice(rest, size)):
        yield some


def _repair(copy: TableCopy, differences: Sequence[Difference]) -> None:
    tables = {table.name: table for table in copy.tables}
    for name, group in groupby(differences, key=lambda each: each.table):
        _copy(copy, tables[name], [each.key for each in group])
    announce([(copy.projection, ())], using=PROJECTION_ALIAS)


def _copy(copy: TableCopy, table: Table | SearchTable, keys: Sequence[str]) -> None:
    """Replace the serving rows by the copy's, while both are locked at equal positions."""
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
        _copy_tombstones(copy, table, keys)


def _copy_tombstones(copy: TableCopy, table: Table | SearchTable, keys: Sequence[str]) -> None:
    """Replace the tombstones of the serving rows by the copy's."""
    rows = Tombstone.objects.using(PROJECTION_ALIAS).filter(table_name=table.name, key__in=keys)
    rows.filter(consumer=copy.projection.name).delete()
    copied = list(rows.filter(consumer=copy.name))
    for tombstone in copied:
        tombstone.pk, tombstone.consumer = None, copy.projection.name
    Tombstone.objects.using(PROJECTION_ALIAS).bulk_create(copied)
