"""How far each projection has come, for operators and machines."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Min
from django.utils import timezone

from cqrs.consumers.partitions import PartitionCheckpoint
from cqrs.event_log import feed, sequencer
from cqrs.models import Pending
from cqrs.operations.parked import parked
from cqrs.projections.projection import Projection
from cqrs.projections.registry import runner

SAMPLE_S = 0.5


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """One partition against the head of the feed, and against what has no position yet.

    `lag_seconds` is the age of the first event that it has not passed.
    """

    partition: int
    position: int
    lag_events: int
    lag_seconds: float


@dataclass(frozen=True, slots=True)
class ProjectionStatus:
    """One projection: its position and lags are those of its hindmost partition.

    `version` is that of its tables. `rate` counts events per second, None where it was not
    measured. `parked` counts the events that wait, `parked_oldest_seconds` since when.
    """

    projection: str
    version: int
    position: int
    head: int
    lag_events: int
    lag_seconds: float
    rate: float | None
    parked: int
    parked_oldest_seconds: float
    state: str
    partitions: tuple[PartitionStatus, ...]


def statuses(projections: Sequence[Projection], *, measure: bool = True) -> list[ProjectionStatus]:
    """Measure the projections; with `measure` it takes half a second when one is behind."""
    before, started = _checkpoints(projections), time.monotonic()
    head = sequencer.head()
    rates: dict[str, float] = {}
    if measure and any(
        checkpoint.position < head for checkpoints in before.values() for checkpoint in checkpoints
    ):
        time.sleep(SAMPLE_S)
        after, elapsed_s = _checkpoints(projections), time.monotonic() - started
        rates = {name: (_hindmost(after[name]) - _hindmost(before[name])) / elapsed_s
                 for name in after}  # fmt: skip
        before = after
    return [_status(each, before[each.name], rates.get(each.name)) for each in projections]


def _checkpoints(projections: Sequence[Projection]) -> dict[str, list[PartitionCheckpoint]]:
    found: dict[str, list[PartitionCheckpoint]] = {
        projection.name: [] for projection in projections
    }
    for checkpoint in runner.partition_checkpoints(*projections):
        found[checkpoint.consumer].append(checkpoint)
    return found


def _hindmost(checkpoints: Sequence[PartitionCheckpoint]) -> int:
    return min(checkpoint.position for checkpoint in checkpoints)


def _status(
    projection: Projection, checkpoints: Sequence[PartitionCheckpoint], rate: float | None
) -> ProjectionStatus:
    position = _hindmost(checkpoints)
    head, pending = max(position, sequencer.head()), Pending.objects.count()
    unsequenced_s = sequencer.oldest_pending_age_s()
    waits = {at: feed.waiting_s(at) for at in {checkpoint.position for checkpoint in checkpoints}}
    partitions = tuple(
        PartitionStatus(
            checkpoint.partition,
            checkpoint.position,
            max(0, head - checkpoint.position) + pending,
            round(max(waits[checkpoint.position], unsequenced_s), 3),
        )
        for checkpoint in checkpoints
    )
    count, oldest_s = _parked(projection)
    lag_events = max(each.lag_events for each in partitions)
    return ProjectionStatus(
        projection=projection.name,
        version=checkpoints[0].version,
        position=position,
        head=head,
        lag_events=lag_events,
        lag_seconds=max(each.lag_seconds for each in partitions),
        rate=None if rate is None else round(rate, 1),
        parked=count,
        parked_oldest_seconds=oldest_s,
        state=_state(projection, checkpoints[0].version, count, lag_events),
        partitions=partitions,
    )


def _state(projection: Projection, version: int, parked_count: int, lag_events: int) -> str:
    if version != projection.version:
        return "outdated"
    if parked_count:
        return "parked"
    return "behind" if lag_events else "level"


def _parked(projection: Projection) -> tuple[int, float]:
    found = parked(projection).order_by().aggregate(count=Count("id"), oldest=Min("parked_at"))
    if found["oldest"] is None:
        return 0, 0.0
    return found["count"], round((timezone.now() - found["oldest"]).total_seconds(), 3)
