"""The one place where the benchmarks call the sequencer and the projections."""

import time
from collections.abc import Iterable
from typing import Any

from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log import sequencer
from cqrs.projections.models import ProjectionCheckpoint
from cqrs.projections.registry import runner
from readmodels.projections import PROJECTIONS


def project(names: Iterable[str] = ()) -> tuple[int, float]:
    """Project what the feed holds, by default with all projections.

    Returns how many positions the hindmost of them has passed, and the seconds that took.
    """
    wanted = _named(names)
    before = min((min(runner.positions(one), default=0) for one in wanted), default=0)
    started = time.perf_counter()
    for one in wanted:
        runner.drain(one)
    return sequencer.head() - before, time.perf_counter() - started


def facts() -> dict[str, Any]:
    """Return what a fair comparison has to know of the runner."""
    orders = _named(["orders"])[0]
    return {"batch": runner.batch, "partitions": orders.partitions}


def step() -> bool:
    """Let the sequencer move one batch; say whether there is more."""
    return sequencer.step().is_sequencer


def stand_at(position: int) -> None:
    """Say that all projections have come to this position, whatever the read models hold."""
    rows = ProjectionCheckpoint._default_manager.using(PROJECTION_ALIAS)
    rows.all().delete()
    rows.bulk_create(
        ProjectionCheckpoint(
            consumer=one.name,
            version=one.version,
            partition=partition,
            partitions=one.partitions,
            position=position,
        )
        for one in PROJECTIONS
        for partition in range(one.partitions)
    )


def _named(names: Iterable[str]) -> list[Any]:
    return [one for one in PROJECTIONS if not names or one.name in names]
