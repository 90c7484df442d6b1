"""The elected sequencer gives committed events their positions.

Measured with 16 concurrent writers, a reader of `id > cursor` loses almost half of the events,
because a transaction with a lower id can commit later. Making the writers queue is right but costs
them most of their throughput. So writers do not wait: whoever holds an advisory lock moves what is
visible in `pending` into `feed`, and positions exist only for committed events.
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

    False at once when another process holds the lock: that one looks again after it has let go,
    so nothing is left behind for longer than a sweep. Call it in turn with the work that
    the feed is for: under steady writers there is always one more batch.
    """
    # Looked at after the lock is released, also when nothing was moved: whoever committed while
    # it was held here has asked for the lock, not got it, and left.
    return _move(batch) is not None and Pending.objects.exists()


def sequence(batch: int = BATCH) -> int:
    """Move every visible pending event into the feed, in id order; return how many it moved.

    Does not return while others keep writing: long-running work uses `step`.
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
    """Return the highest position given so far; 0 for an empty feed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT position FROM cqrs_feedhead")
        return int(cursor.fetchone()[0])


def oldest_pending_age_s() -> float:
    """Return how long the oldest unsequenced event has been waiting, in seconds; 0 if none.

    It grows when no sequencer works. The lag of the projections cannot show that: they
    count positions, and an event without a position is not in their count.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(extract(epoch FROM clock_timestamp() - occurred_at), 0)"
            " FROM cqrs_event WHERE id = (SELECT min(event_id) FROM cqrs_pending)"
        )
        row = cursor.fetchone()
        return max(0.0, float(row[0])) if row else 0.0
