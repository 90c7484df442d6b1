"""Fill a copy from the log, and bring it to the same position as the serving tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from cqrs.consumers.ahead import AheadOfLog
from cqrs.consumers.partition_runner import PartitionRunner
from cqrs.consumers.partitions import PartitionCheckpoint
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log import sequencer
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.registry import code_of, runner, versions
from cqrs.projections.store import SERVING_SCHEMA
from cqrs.rebuild.table_copies import TableCopy

# The rest is applied while the serving partitions are locked.
SNAPSHOT_GAP_POSITIONS = 2_000
LOCK_TIMEOUT = "SET LOCAL lock_timeout = '10s'"

Report = Callable[[str, int, int], None]
"""Receives progress: the phase, how much is done, and of how much."""

copy_runner = PartitionRunner(ProjectionCheckpoint, ParkedEvent, PROJECTION_ALIAS, batch=2_000)


def matching_checkpoints(copy: TableCopy) -> list[tuple[PartitionCheckpoint, PartitionCheckpoint]]:
    """Return the checkpoint of each partition of the copy, with the serving one of its events."""
    live = runner.partitions.get([copy.projection.name])
    return [
        (checkpoint, next(p for p in live if checkpoint.partition % p.partitions == p.partition))
        for checkpoint in copy_runner.partitions.get([copy.name])
    ]


def catch_up(copy: TableCopy, report: Report, applier: PartitionRunner = copy_runner) -> None:
    """Bring the copy close to the serving tables, but never past them.

    Brings the serving tables up to date as well: there may be no worker.
    """
    while True:
        runner.drain(*versions()[copy.projection.name], look=sequencer.step)
        behind = 0
        for checkpoint, live in matching_checkpoints(copy):
            behind += live.position - checkpoint.position
            while checkpoint.position < live.position:
                checkpoint = applier.advance(copy, checkpoint, live.position)
                report("reading the log", *_progress(copy))
        if behind <= SNAPSHOT_GAP_POSITIONS:
            return


def follow_log(copy: TableCopy, report: Report) -> None:
    """Bring the copy close to the head of the log, whatever the serving tables say."""
    while True:
        head, behind = sequencer.step().head, 0
        for checkpoint in copy_runner.partitions.get([copy.name]):
            behind += head - checkpoint.position
            while checkpoint.position < head:
                checkpoint = copy_runner.advance(copy, checkpoint, head)
                report("reading the log", *_distance(copy, head))
        if behind <= SNAPSHOT_GAP_POSITIONS:
            return


def _distance(copy: TableCopy, head: int) -> tuple[int, int]:
    found = copy_runner.partitions.get([copy.name])
    return sum(each.position for each in found), head * len(found)


def _progress(copy: TableCopy) -> tuple[int, int]:
    found = matching_checkpoints(copy)
    return sum(own.position for own, _ in found), sum(live.position for _, live in found)


@contextmanager
def snapshot_at_equal_position(*copies: TableCopy) -> Iterator[CursorWrapper]:
    """Yield a cursor on a snapshot in which the copies are at the serving tables' positions.

    The serving partitions are locked until the snapshot is taken, not for the block.
    """
    gate, view = (connections[PROJECTION_ALIAS].copy() for _ in range(2))
    try:
        with gate.cursor() as held, view.cursor() as cursor:
            held.execute("BEGIN")
            held.execute(LOCK_TIMEOUT)
            _lock_serving(held, copies[0].projection.name)
            for copy in copies:
                for checkpoint, live in matching_checkpoints(copy):
                    copy_runner.advance_to(copy, checkpoint, live.position)
                _retry_parked(copy)
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            # Against a swap: the snapshot would be older than the tables that take their place.
            for table in copies[0].tables:
                cursor.execute(f"LOCK TABLE {SERVING_SCHEMA}.{table.name} IN ACCESS SHARE MODE")
            cursor.execute("SELECT 1")  # takes the snapshot
            held.execute("COMMIT")
            yield cursor
    finally:
        gate.close()
        view.close()


def _lock_serving(cursor: CursorWrapper, name: str) -> None:
    """Lock the serving partitions as `Partitions.lock` does, on a connection of its own."""
    table = ProjectionCheckpoint._meta.db_table
    serving = f"SELECT id FROM {table} WHERE consumer = %s ORDER BY partition"  # noqa: S608
    while True:
        cursor.execute(f"{serving} FOR UPDATE", [name])
        locked = cursor.fetchall()
        cursor.execute(serving, [name])
        # A swap that held the rows has given the name to others meanwhile.
        if cursor.fetchall() == locked:
            return


@contextmanager
def held_at_equal_position(copy: TableCopy) -> Iterator[None]:
    """Lock the copy and the serving tables at the same positions, in the block's transaction.

    A copy stays ahead of serving tables whose version this build does not have. Raises `AheadOfLog`
    when the two have applied different events.
    """
    with transaction.atomic(using=PROJECTION_ALIAS):
        with connections[PROJECTION_ALIAS].cursor() as cursor:
            cursor.execute(LOCK_TIMEOUT)
        copy_runner.partitions.lock([copy.projection.name, copy.name])
        for checkpoint, live in matching_checkpoints(copy):
            copy_runner.advance_to(copy, checkpoint, live.position)
            # Workers apply events to a retired copy, too: it may be the one that is ahead.
            if serving := code_of(copy.projection.name, live.version):
                copy_runner.advance_to(serving, live, checkpoint.position)
        require_same_places(copy)
        _retry_parked(copy)
        yield


def require_same_places(copy: TableCopy) -> None:
    """Raise `AheadOfLog` if copy and serving tables name different events at one position."""
    for own, live in matching_checkpoints(copy):
        is_known = None not in (own.event_id, live.event_id)
        if own.position == live.position and is_known and own.event_id != live.event_id:
            raise AheadOfLog([live.consumer])


def _retry_parked(copy: TableCopy) -> None:
    for stream in copy.streams_to_retry():
        copy_runner.retries.retry(copy, stream)
