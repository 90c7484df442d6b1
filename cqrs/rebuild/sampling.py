"""Checking a part of a build against a fold of its own: other batches, other tables."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from cqrs.consumers.runner import Runner
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log.events import BUCKETS
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.registry import runner
from cqrs.rebuild.catch_up import Report, fill, level_snapshot, pairs
from cqrs.rebuild.comparison import Comparison, Difference
from cqrs.rebuild.table_copies import SAMPLE, Build

EVENTS = 2_000
ODD_BATCH = 997  # events; where rows gather from everywhere, and event by event takes too long


@dataclass(frozen=True, slots=True)
class Sample:
    """How many rows were compared, and what differed."""

    rows: int
    differences: list[Difference]


def fold_sample(build: Build, report: Report) -> Sample:
    """Fold a part of the log event by event, and compare the rows with the build's."""
    sample = Build(build.projection, SAMPLE)
    partitions = part_of(build, runner.places(build.projection)[0].position // EVENTS)
    batch = 1 if build.is_divisible else ODD_BATCH
    sample.create(partitions, only=random.randrange(partitions))  # noqa: S311  not a secret
    try:
        fill(sample, report, Runner(ProjectionCheckpoint, ParkedEvent, PROJECTION_ALIAS, batch))
        return _compare(build, sample, report)
    finally:
        sample.drop()


def part_of(build: Build, wanted: int) -> int:
    """Return how many parts the log can be cut into for the projection, near to `wanted`.

    A multiple of its partitions, so that each part lies within one of them.
    """
    own = runner.places(build.projection)[0].partitions
    if not build.is_divisible:
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


def _compare(build: Build, sample: Build, report: Report) -> Sample:
    rows, differences = 0, []
    with level_snapshot(build, sample) as cursor:
        [(place, _)] = pairs(sample)
        for table in build.tables:
            comparison = Comparison(table, build.schema, sample.schema, place)
            differences += list(comparison.differences(cursor, counting(report)))
            rows += comparison.totals.logged[0]
    return Sample(rows, differences)
