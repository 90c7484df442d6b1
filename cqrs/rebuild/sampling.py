"""Checking a part of a copy against a fold of its own: other batches, other tables."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from cqrs.consumers.runner import Runner
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log.events import BUCKETS
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.registry import runner
from cqrs.rebuild.catch_up import Report, catch_up, pairs, snapshot_at_equal_position
from cqrs.rebuild.comparison import Comparison, Difference
from cqrs.rebuild.table_copies import Slot, TableCopy

EVENTS = 2_000
SAMPLE_BATCH = 997  # events; where rows gather from everywhere, and event by event takes too long


@dataclass(frozen=True, slots=True)
class Sample:
    """How many rows were compared, and what differed."""

    rows: int
    differences: list[Difference]


def fold_sample(copy: TableCopy, report: Report) -> Sample:
    """Fold a part of the log event by event, and compare the rows with the copy's."""
    sample = TableCopy(copy.projection, Slot.SAMPLE)
    partitions = part_of(copy, runner.partition_checkpoints(copy.projection)[0].position // EVENTS)
    batch = 1 if copy.is_divisible else SAMPLE_BATCH
    sample.create(partitions, only=random.randrange(partitions))  # noqa: S311  not a secret
    try:
        catch_up(sample, report, Runner(ProjectionCheckpoint, ParkedEvent, PROJECTION_ALIAS, batch))
        return _compare(copy, sample, report)
    finally:
        sample.drop()


def part_of(copy: TableCopy, wanted: int) -> int:
    """Return how many parts the log can be cut into for the projection, near to `wanted`.

    A multiple of its partitions, so that each part lies within one of them.
    """
    own = runner.partition_checkpoints(copy.projection)[0].partitions
    if not copy.is_divisible:
        return own
    return own * min(max(1, math.ceil(wanted / own)), BUCKETS // own)


def counting(report: Report) -> Callable[[int], None]:
    """Return what tells the report of each chunk of rows that was compared."""
    done = 0

    def compared(rows: int) -> None:
        nonlocal done
        done += rows
        report("comparing rows", done, 0)

    return compared


def _compare(copy: TableCopy, sample: TableCopy, report: Report) -> Sample:
    rows, differences = 0, []
    with snapshot_at_equal_position(copy, sample) as cursor:
        [(checkpoint, _)] = pairs(sample)
        for table in copy.tables:
            comparison = Comparison(table, copy.schema, sample.schema, checkpoint)
            differences += list(comparison.differences(cursor, counting(report)))
            rows += comparison.totals.logged[0]
    return Sample(rows, differences)
