"""Filling a copy from the log, and looking at it level with the tables that serve."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from cqrs.consumers.partitions import PartitionCheckpoint
from cqrs.consumers.runner import Runner
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log import sequencer
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.registry import runner
from cqrs.rebuild.table_copies import SERVING_SCHEMA, TableCopy

SNAPSHOT_GAP_POSITIONS = (
    2_000  # positions; what is left then is applied while the serving side is held
)
LOCK_TIMEOUT = "SET LOCAL lock_timeout = '10s'"

Report = Callable[[str, int, int], None]
"""Told of progress: the phase, what is done, and of how much."""

copy_runner = Runner(ProjectionCheckpoint, ParkedEvent, PROJECTION_ALIAS, batch=2_000)


def pairs(copy: TableCopy) -> list[tuple[PartitionCheckpoint, PartitionCheckpoint]]:
    """Return each partition of the copy with the serving one that its events are in."""
    live = runner.partition_checkpoints(copy.projection)
    return [
        (checkpoint, next(p for p in live if checkpoint.partition % p.partitions == p.partition))
        for checkpoint in copy_runner.partitions.get([copy.name])
    ]


def catch_up(copy: TableCopy, report: Report, applier: Runner = copy_runner) -> None:
    """Bring the copy close to the serving tables, but never past them.

    They are brought up to date themselves: there may be no worker that does.
    """
    while True:
        sequencer.step()
        runner.drain(copy.projection)
        behind = 0
        for checkpoint, live in pairs(copy):
            behind += live.position - checkpoint.position
            while checkpoint.position < live.position:
                checkpoint = applier.advance(copy, checkpoint, live.position)
                report("reading the log", *_progress(copy))
        if behind <= SNAPSHOT_GAP_POSITIONS:
            return


def _progress(copy: TableCopy) -> tuple[int, int]:
    found = pairs(copy)
    return sum(checkpoint.position for checkpoint, _ in found), sum(
        live.position for _, live in found
    )


@contextmanager
def snapshot_at_equal_position(*copies: TableCopy) -> Iterator[CursorWrapper]:
    """Yield a cursor on a snapshot in which the copies stand exactly where what they copy does.

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
                [copies[0].projection.name],
            )
            for copy in copies:
                for checkpoint, live in pairs(copy):
                    copy_runner.advance_to(copy, checkpoint, live.position)
                _retry_parked(copy)
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            # Swapped for others, they would have to be looked at as of before they were there.
            for table in copies[0].tables:
                cursor.execute(f"LOCK TABLE {SERVING_SCHEMA}.{table.name} IN ACCESS SHARE MODE")
            cursor.execute("SELECT 1")  # takes the snapshot
            held.execute("COMMIT")
            yield cursor
    finally:
        gate.close()
        view.close()


@contextmanager
def held_at_equal_position(copy: TableCopy) -> Iterator[None]:
    """Keep the workers from both copies, standing at the same positions, in one transaction."""
    with transaction.atomic(using=PROJECTION_ALIAS):
        with connections[PROJECTION_ALIAS].cursor() as cursor:
            cursor.execute(LOCK_TIMEOUT)
        copy_runner.partitions.lock([copy.projection.name, copy.name])
        for checkpoint, live in pairs(copy):
            copy_runner.advance_to(copy, checkpoint, live.position)
            # A kept copy is followed by workers of its own, and may be the one that is ahead.
            copy_runner.advance_to(copy.projection, live, checkpoint.position)
        _retry_parked(copy)
        yield


def _retry_parked(copy: TableCopy) -> None:
    for stream in copy.streams_to_retry():
        copy_runner.retry(copy, stream)
