"""Check a part of a copy against a second fold, with other batches and into other tables."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from cqrs.consumers.partition_runner import PartitionRunner
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log.events import BUCKETS
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.registry import runner
from cqrs.rebuild.catch_up import Report, catch_up, matching_checkpoints, snapshot_at_equal_position
from cqrs.rebuild.comparison import Comparison, Difference
from cqrs.rebuild.table_copies import Slot, TableCopy
from cqrs.rebuild.tombstones import tombstone_differences

SAMPLE_EVENTS = 2_000
SAMPLE_BATCH = 997  # events; of a projection with one partition: one by one takes too long


@dataclass(frozen=True, slots=True)
class Sample:
    """The number of rows that were compared, and the differences."""

    rows: int
    differences: list[Difference]


def fold_sample(copy: TableCopy, report: Report) -> Sample:
    """Fold a part of the log event by event, and compare the rows with the copy's."""
    sample = TableCopy(copy.projection, Slot.SAMPLE)
    position = runner.partitions.get([copy.projection.name])[0].position
    partitions = sample_partitions(copy, position // SAMPLE_EVENTS)
    batch = 1 if copy.is_divisible else SAMPLE_BATCH
    sample.create(partitions, only=random.randrange(partitions))  # noqa: S311  not a secret
    try:
        catch_up(
            sample,
            report,
            PartitionRunner(ProjectionCheckpoint, ParkedEvent, PROJECTION_ALIAS, batch),
        )
        return _compare(copy, sample, report)
    finally:
        sample.drop()


def sample_partitions(copy: TableCopy, wanted: int) -> int:
    """Return the number of partitions, near to `wanted`, of which one is the sample.

    A multiple of the projection's partitions, so that each is within one of those.
    """
    own = runner.partitions.get([copy.projection.name])[0].partitions
    if not copy.is_divisible:
        return own
    return own * min(max(1, math.ceil(wanted / own)), BUCKETS // own)


def report_rows(report: Report) -> Callable[[int], None]:
    """Return a callback that adds up the rows of each compared chunk and reports the sum."""
    done = 0

    def compared(rows: int) -> None:
        nonlocal done
        done += rows
        report("comparing rows", done, 0)

    return compared


def _compare(copy: TableCopy, sample: TableCopy, report: Report) -> Sample:
    rows, differences = 0, []
    with snapshot_at_equal_position(copy, sample) as cursor:
        [(checkpoint, _)] = matching_checkpoints(sample)
        for table in copy.tables:
            comparison = Comparison(table, copy.schema, sample.schema, checkpoint)
            differences += list(comparison.differences(cursor, report_rows(report)))
            part = checkpoint if table.partition_key else None
            names = copy.name, sample.name
            differences += list(tombstone_differences(cursor, table, names, part))
            rows += comparison.totals.logged[0]
    return Sample(rows, differences)
