"""The elected sequencer gives committed events their positions.

A transaction with a lower id can commit later, so a reader of `id > cursor` loses events: almost
half of them with 16 concurrent writers. Making the writers queue would be right and cost most of
their throughput. So writers do not wait: the process that holds an advisory lock moves the visible
rows of `cqrs_pending` into `cqrs_feed`, and only committed events get a position.
"""

from django.db import connection, transaction

from cqrs.database.locks import LockSpace, try_lock
from cqrs.models import Pending

BATCH = 5_000

# Lock and move are two statements on purpose: the snapshot of a statement that takes the lock is
# older than the lock, so it would miss or double what the last holder moved.
_MOVE = """
WITH moved AS (
    DELETE FROM cqrs_pending
    WHERE event_id IN (SELECT event_id FROM cqrs_pending ORDER BY event_id LIMIT %s)
    RETURNING event_id, bucket
),
counted AS (SELECT count(*) AS n FROM moved),
head AS (
    UPDATE cqrs_feedhead SET position = position + n FROM counted WHERE n > 0
    RETURNING position - n AS before
)
INSERT INTO cqrs_feed (position, event_id, bucket)
SELECT before + row_number() OVER (ORDER BY event_id), event_id, bucket FROM moved, head
"""


def step(batch: int = BATCH) -> bool:
    """Move one batch of pending events into the feed; say whether to call again.

    False at once when another process holds the lock: that one looks again after it has released
    the lock, so no event waits longer than a sweep. Call it in turn with the consumers: under
    steady writers there is always one more batch.
    """
    # Read after the lock is released, even when nothing was moved: the worker of a transaction that
    # committed meanwhile did not get the lock, and returned.
    return _move(batch) is not None and Pending.objects.exists()


def sequence(batch: int = BATCH) -> int:
    """Move every visible pending event into the feed, in id order; return how many it moved.

    It does not return while steady writers add events: a worker uses `step`.
    """
    total = 0
    while (moved := _move(batch)) is not None:
        total += moved
        if not Pending.objects.exists():
            break
    return total


def _move(batch: int) -> int | None:
    """Move one batch; None when another process holds the lock."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not try_lock(LockSpace.SEQUENCER):
            return None
        cursor.execute(_MOVE, [batch])
        return int(cursor.rowcount)


def head() -> int:
    """Return the highest position; 0 for an empty feed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT position FROM cqrs_feedhead")
        return int(cursor.fetchone()[0])


def oldest_pending_age_s() -> float:
    """Return the age of the oldest event without a position, in seconds; 0 without one.

    It grows when no sequencer runs. The lag of the projections cannot show that, because it
    counts positions.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(extract(epoch FROM clock_timestamp() - occurred_at), 0)"
            " FROM cqrs_event WHERE id = (SELECT min(event_id) FROM cqrs_pending)"
        )
        row = cursor.fetchone()
        return max(0.0, float(row[0])) if row else 0.0
