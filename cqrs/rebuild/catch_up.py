"""Filling a build from the log, and looking at it level with the tables that serve."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from cqrs.consumers.partitions import Place
from cqrs.consumers.runner import Runner
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log import sequencer
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.registry import runner
from cqrs.rebuild.table_copies import LIVE_SCHEMA, Build

NEAR = 2_000  # positions; what is left then is applied while the serving side is held
LOCK_TIMEOUT = "SET LOCAL lock_timeout = '10s'"

Report = Callable[[str, int, int], None]
"""Told of progress: the phase, what is done, and of how much."""

builder = Runner(ProjectionCheckpoint, ParkedEvent, PROJECTION_ALIAS, batch=2_000)


def pairs(build: Build) -> list[tuple[Place, Place]]:
    """Return each partition of the build with the serving one that its events are in."""
    live = runner.places(build.projection)
    return [
        (place, next(p for p in live if place.partition % p.partitions == p.partition))
        for place in builder.partitions.of([build.name])
    ]


def fill(build: Build, report: Report, applier: Runner = builder) -> None:
    """Bring the build close to the serving tables, but never past them.

    They are brought up to date themselves: there may be no worker that does.
    """
    while True:
        sequencer.step()
        runner.drain(build.projection)
        behind = 0
        for place, live in pairs(build):
            behind += live.position - place.position
            while place.position < live.position:
                place = applier.advance(build, place, live.position)
                report("reading the log", *_progress(build))
        if behind <= NEAR:
            return


def _progress(build: Build) -> tuple[int, int]:
    found = pairs(build)
    return sum(place.position for place, _ in found), sum(live.position for _, live in found)


@contextmanager
def level_snapshot(*builds: Build) -> Iterator[CursorWrapper]:
    """Yield a cursor on a snapshot in which the builds stand exactly where what they copy does.

    The workers are kept from that for the moment that it takes to get there, not for the block.
    """
    gate, view = (connections[PROJECTION_ALIAS].copy() for _ in range(2))
    try:
        with gate.cursor() as held, view.cursor() as cursor:
            held.execute("BEGIN")
            held.execute(LOCK_TIMEOUT)
            held.execute(
                "SELECT FROM cqrs_projections_checkpoint WHERE consumer = %s"
                " ORDER BY partition FOR UPDATE",
                [builds[0].projection.name],
            )
            for build in builds:
                for place, live in pairs(build):
                    builder.advance_to(build, place, live.position)
                _try_again(build)
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            # Swapped for others, they would have to be looked at as of before they were there.
            for table in builds[0].tables:
                cursor.execute(f"LOCK TABLE {LIVE_SCHEMA}.{table.name} IN ACCESS SHARE MODE")
            cursor.execute("SELECT 1")  # takes the snapshot
            held.execute("COMMIT")
            yield cursor
    finally:
        gate.close()
        view.close()


@contextmanager
def held_level(build: Build) -> Iterator[None]:
    """Keep the workers from both copies, standing at the same positions, in one transaction."""
    with transaction.atomic(using=PROJECTION_ALIAS):
        with connections[PROJECTION_ALIAS].cursor() as cursor:
            cursor.execute(LOCK_TIMEOUT)
        builder.partitions.lock([build.projection.name, build.name])
        for place, live in pairs(build):
            builder.advance_to(build, place, live.position)
            # A kept copy is followed by workers of its own, and may be the one that is ahead.
            builder.advance_to(build.projection, live, place.position)
        _try_again(build)
        yield


def _try_again(build: Build) -> None:
    for stream in build.to_be_tried_again():
        builder.retry(build, stream)
