"""How far each projection has come, for operators and machines."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from cqrs import feed, sequencer
from cqrs.consumers import Consumer
from cqrs.models import Pending
from readmodels.projections import runner

SAMPLE_S = 0.5


@dataclass(frozen=True, slots=True)
class ProjectionStatus:
    """One projection against the head of the feed, and against what has no position yet.

    `position` is that of its hindmost partition. `lag_seconds` is the age of the first event
    that it has not applied. `rate` counts events per second, None where it was not measured.
    """

    projection: str
    version: int
    position: int
    head: int
    lag_events: int
    lag_seconds: float
    rate: float | None
    parked: int
    state: str


def statuses(projections: Sequence[Consumer]) -> list[ProjectionStatus]:
    """Measure the projections; takes half a second longer when one of them is behind."""
    before, started = _positions(projections), time.monotonic()
    if min(before, default=0) >= sequencer.head():
        return [_status(*pair, None) for pair in zip(projections, before, strict=True)]
    time.sleep(SAMPLE_S)
    after, elapsed_s = _positions(projections), time.monotonic() - started
    rates = [(new - old) / elapsed_s for old, new in zip(before, after, strict=True)]
    return [_status(*measured) for measured in zip(projections, after, rates, strict=True)]


def _positions(projections: Sequence[Consumer]) -> list[int]:
    return [min(runner.positions(projection)) for projection in projections]


def _status(projection: Consumer, position: int, rate: float | None) -> ProjectionStatus:
    head, pending = max(position, sequencer.head()), Pending.objects.count()
    return ProjectionStatus(
        projection=projection.name,
        version=projection.version,
        position=position,
        head=head,
        lag_events=head - position + pending,
        lag_seconds=round(max(feed.waiting_s(position), sequencer.oldest_pending_age_s()), 3),
        rate=None if rate is None else round(rate, 1),
        parked=0,  # nothing is parked yet: a failing event stops its projection
        state="behind" if position < head or pending else "level",
    )
