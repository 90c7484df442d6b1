"""Measure the position and lag of each projection, for operators and monitoring."""

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

Checkpoints = dict[str, list[PartitionCheckpoint]]


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """The lag of one partition, which includes committed events without a position.

    `lag_seconds` is the age of the first event that it has not passed.
    """

    partition: int
    position: int
    lag_events: int
    lag_seconds: float


@dataclass(frozen=True, slots=True)
class ProjectionStatus:
    """The lag of one projection: that of the partition that is farthest behind.

    `version` is that of its tables. `rate` is in events per second, None if it was not measured.
    `parked` counts the parked events; `parked_oldest_seconds` is the age of the oldest.
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
    """Return the status of each projection; with `measure`, takes 0.5 s if one is behind."""
    checkpoints, rates = _checkpoints(projections), dict[str, float]()
    if measure and _is_one_behind(checkpoints):
        checkpoints, rates = _measure_rates(projections, checkpoints)
    return [_status(each, checkpoints[each.name], rates.get(each.name)) for each in projections]


def _checkpoints(projections: Sequence[Projection]) -> Checkpoints:
    found: Checkpoints = {projection.name: [] for projection in projections}
    for checkpoint in runner.partition_checkpoints(*projections):
        found[checkpoint.consumer].append(checkpoint)
    return found


def _is_one_behind(checkpoints: Checkpoints) -> bool:
    head = sequencer.head()
    return any(_lowest(partitions) < head for partitions in checkpoints.values())


def _measure_rates(
    projections: Sequence[Projection], before: Checkpoints
) -> tuple[Checkpoints, dict[str, float]]:
    """Return the checkpoints after `SAMPLE_S`, and the events per second of each projection."""
    started = time.monotonic()
    time.sleep(SAMPLE_S)
    after, elapsed_s = _checkpoints(projections), time.monotonic() - started
    rates = {name: (_lowest(after[name]) - _lowest(before[name])) / elapsed_s for name in after}
    return after, rates


def _lowest(checkpoints: Sequence[PartitionCheckpoint]) -> int:
    return min(checkpoint.position for checkpoint in checkpoints)


def _status(
    projection: Projection, checkpoints: Sequence[PartitionCheckpoint], rate: float | None
) -> ProjectionStatus:
    position, version = _lowest(checkpoints), checkpoints[0].version
    head = max(position, sequencer.head())
    partitions = _partitions(checkpoints, head)
    count, oldest_s = _parked(projection)
    lag_events = max(each.lag_events for each in partitions)
    return ProjectionStatus(
        projection=projection.name,
        version=version,
        position=position,
        head=head,
        lag_events=lag_events,
        lag_seconds=max(each.lag_seconds for each in partitions),
        rate=None if rate is None else round(rate, 1),
        parked=count,
        parked_oldest_seconds=oldest_s,
        state=_state(projection, version, count, lag_events),
        partitions=partitions,
    )


def _partitions(
    checkpoints: Sequence[PartitionCheckpoint], head: int
) -> tuple[PartitionStatus, ...]:
    pending, pending_s = Pending.objects.count(), sequencer.oldest_pending_age_s()
    positions = {each.position for each in checkpoints}
    waiting_s = {position: feed.waiting_s(position) for position in positions}
    return tuple(
        PartitionStatus(
            partition=each.partition,
            position=each.position,
            lag_events=max(0, head - each.position) + pending,
            lag_seconds=round(max(waiting_s[each.position], pending_s), 3),
        )
        for each in checkpoints
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
