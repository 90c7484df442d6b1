"""The elected sequencer gives committed events their positions.

A transaction with a lower id can commit later, so a reader of `id > cursor` loses events: almost
half of them with 16 concurrent writers. Making the writers queue would be right and cost most of
their throughput. So writers do not wait: the process that holds an advisory lock moves the visible
rows of `cqrs_pending` into `cqrs_feed`, and only committed events get a position.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.db.backends.utils import CursorWrapper

from cqrs.database.aliases import WRITE_ALIAS
from cqrs.database.cursors import server_cursor
from cqrs.database.locks import LockSpace, lock_key
from cqrs.database.pipelines import pipelined_transaction
from cqrs.event_log.feed import COLUMNS, RawEvent
from cqrs.messaging.tracing import Span, work

BATCH = 5_000
RETURNED_EVENTS = 500  # a larger batch is read by its consumers, each its own part
LOCK_TIMEOUT_MS = 2_000

# The event at the head is missing in a log that has lost rows. By its key, because a planner that
# expects many heads takes the time to compile the statement.
_OLD_HEAD = """
SELECT head.position, event.event_id
FROM cqrs_feedhead AS head LEFT JOIN cqrs_feed AS feed ON feed.position = head.position
LEFT JOIN cqrs_event AS event ON event.id = feed.event_id
WHERE head.id = 1
"""
# Lock and move are two statements on purpose: the snapshot of a statement that takes the lock is
# older than the lock, so it would miss or double what the last holder moved. Without pending events
# the lock stays free, so a worker that does not get it knows that its holder will look again.
# LATERAL with OFFSET looks each event up by its key, whatever the planner believes of new tables.
_LOCK = f"""
SELECT set_config('lock_timeout', '{LOCK_TIMEOUT_MS}', true),
       set_config('cqrs.is_sequencer',
    (CASE WHEN EXISTS (SELECT FROM cqrs_pending) AND EXISTS (SELECT FROM cqrs_feedhead)
    THEN pg_try_advisory_xact_lock(%s) ELSE false END)::text, true)
"""  # noqa: S608
_MOVE = f"""
WITH moved AS (
    DELETE FROM cqrs_pending
    WHERE current_setting('cqrs.is_sequencer') = 'true'
          AND event_id IN (SELECT event_id FROM cqrs_pending ORDER BY event_id LIMIT %s)
    RETURNING event_id, bucket
),
counted AS (SELECT count(*) AS n FROM moved),
head AS (
    UPDATE cqrs_feedhead SET position = position + n FROM counted WHERE id = 1 AND n > 0
    RETURNING position - n AS before
),
feed AS (
    INSERT INTO cqrs_feed (position, event_id, bucket)
    SELECT before + row_number() OVER (ORDER BY event_id), event_id, bucket FROM moved, head
    RETURNING position, event_id, bucket
),
placed AS (
    SELECT {COLUMNS} FROM feed
    JOIN LATERAL (SELECT * FROM cqrs_event WHERE id = feed.event_id OFFSET 0) AS event ON true
    WHERE (SELECT n FROM counted) <= {RETURNED_EVENTS}
          OR feed.position = (SELECT before + n FROM head, counted)
)
SELECT n, coalesce((SELECT before + n FROM head), old.position, 0),
       EXISTS (SELECT FROM cqrs_pending OFFSET n), old.position, old.event_id, placed.*
FROM counted LEFT JOIN ({_OLD_HEAD}) AS old ON true LEFT JOIN placed ON true
ORDER BY placed.position
"""  # noqa: S608
_HEAD = f"""
SELECT coalesce(position, 0), EXISTS (SELECT FROM cqrs_pending), event_id
FROM (SELECT) AS one LEFT JOIN ({_OLD_HEAD}) AS head ON true
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Seen:
    """What the log looked like at `read_at`, in `time.monotonic()`.

    `has_pending` says that events had no position yet. `is_sequencer` says that this process held
    the lock; then `moved` events got their position, and `events` are those, up to `head`, unless
    they are more than `RETURNED_EVENTS`. `ids` has the ids of the events at `head`, and at the head
    before the move; one that the log has lost is missing.
    """

    head: int
    has_pending: bool
    read_at: float
    is_sequencer: bool = False
    moved: int = 0
    events: Sequence[RawEvent] = ()
    ids: Mapping[int, UUID] = field(default_factory=dict)

    def is_as(self, earlier: "Seen") -> bool:
        """Return whether nothing has come since."""
        return self.head == earlier.head and not self.has_pending


def step(batch: int = BATCH, *, also: Callable[[], object] | None = None) -> Seen:
    """Move one batch of pending events into the feed, in one round trip.

    `also` issues further statements of the same transaction, after the move. When the step was the
    sequencer, look again: the worker of a transaction that committed meanwhile did not get the
    lock, and returned.
    """
    with work("sequence") as sequencing:
        seen = _step(batch, also)
        if seen.moved and sequencing.is_recorded:
            _note(sequencing, seen)
    return seen


def _step(batch: int, also: Callable[[], object] | None) -> Seen:
    read_at, key = time.monotonic(), lock_key(LockSpace.SEQUENCER)
    with pipelined_transaction(WRITE_ALIAS):
        locked, placed = _issue(_LOCK, key), _issue(_MOVE, batch)
        if also:
            also()
    is_sequencer = locked.fetchone()[1] == "true"
    rows = placed.fetchall()
    moved, head, has_pending, *old_head = rows[0][:5]
    events = [RawEvent(*row[5:]) for row in rows if row[5] is not None]
    ids = _known(old_head, *((each.position, each.event_id) for each in events[-1:]))
    returned = events if moved <= RETURNED_EVENTS else ()
    return Seen(head, has_pending, read_at, is_sequencer, moved, returned, ids)


def _note(sequencing: Span, seen: Seen) -> None:
    metadata = (orjson.loads(each.metadata) for each in seen.events)
    traces = (each.get("traceparent") for each in metadata if isinstance(each, dict))
    sequencing.found(traces, events=seen.moved, position=seen.head)


def _known(*places: Sequence[Any]) -> dict[int, UUID]:
    return {position: event_id for position, event_id in places if event_id is not None}


def sequence(batch: int = BATCH) -> int:
    """Move every visible pending event into the feed, in id order; return how many it moved.

    It does not return while steady writers add events: a worker uses `step`.
    """
    total = 0
    while True:
        done = step(batch)
        total += done.moved
        if not done.is_sequencer:
            return total


def look() -> Seen:
    """Return what the log looks like, without changing it."""
    read_at = time.monotonic()
    head, has_pending, event_id = _issue(_HEAD).fetchone()
    return Seen(head, has_pending, read_at, ids=_known((head, event_id)))


def head() -> int:
    """Return the highest position; 0 for an empty feed."""
    return look().head


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


def _issue(statement: str, *parameters: int) -> CursorWrapper:
    cursor = server_cursor(WRITE_ALIAS)
    cursor.execute(statement, parameters)
    return cursor
