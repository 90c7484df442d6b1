"""Give the log a new epoch, and its positions and the reactions' checkpoints one count."""

import secrets

from django.db import connection, transaction

from cqrs.database.locks import LockSpace, lock
from cqrs.models import FeedHead

EPOCH_BITS = 48

_EVENTS_WITHOUT_POSITION = """
SELECT count(*) FROM cqrs_event AS event
WHERE NOT EXISTS (SELECT FROM cqrs_feed WHERE event_id = event.id)
      AND NOT EXISTS (SELECT FROM cqrs_pending WHERE event_id = event.id)
"""
_HAS_GAPS = """
SELECT (SELECT count(*) FROM cqrs_feed JOIN cqrs_event AS event ON event.id = cqrs_feed.event_id)
       <> greatest((SELECT max(position) FROM cqrs_feed), (SELECT position FROM cqrs_feedhead), 0)
"""
_COUNT_ANEW = """
CREATE TEMPORARY TABLE counted ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY position) AS position, position AS before, feed.event_id, bucket,
       sequenced_at
FROM cqrs_feed AS feed JOIN cqrs_event AS event ON event.id = feed.event_id;
UPDATE cqrs_reactioncheckpoint AS checkpoint
SET position = (SELECT count(*) FROM counted WHERE before <= checkpoint.position);
DELETE FROM cqrs_feed;
INSERT INTO cqrs_feed (position, event_id, bucket, sequenced_at)
SELECT position, event_id, bucket, sequenced_at FROM counted;
UPDATE cqrs_feedhead SET position = (SELECT count(*) FROM counted)
"""
_COUNT_ON = """
UPDATE cqrs_feedhead
SET position = greatest(position, (SELECT max(position) FROM cqrs_feed)) WHERE id = 1
"""
_SET_BACK_REACTIONS = """
UPDATE cqrs_reactioncheckpoint AS checkpoint SET position = reached.position, event_id = (
    SELECT event.event_id FROM cqrs_feed AS feed
    JOIN cqrs_event AS event ON event.id = feed.event_id WHERE feed.position = reached.position)
FROM (SELECT own.id, least(own.position, head.position) AS position
      FROM cqrs_reactioncheckpoint AS own CROSS JOIN cqrs_feedhead AS head) AS reached
WHERE checkpoint.id = reached.id
"""


def new_epoch() -> int:
    """Return a random number: a counter would come back with a restored database."""
    return 1 + secrets.randbelow(2**EPOCH_BITS - 1)


def events_without_position() -> int:
    """Return how many events the feed has lost: which partition they are of stood only there."""
    return _value(_EVENTS_WITHOUT_POSITION)


def has_gaps() -> bool:
    """Return whether the feed has positions without an event."""
    return bool(_value(_HAS_GAPS))


def begin_epoch(epoch: int) -> None:
    """Give the log this epoch; count its positions anew where events are missing.

    Reactions go on where they were, or at the head if that is before: nothing happens twice. Needs
    the rights of the tables' owner to count anew.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        lock(LockSpace.SEQUENCER)
        FeedHead.objects.update_or_create(id=1, defaults={"epoch": epoch})
        if has_gaps():
            cursor.execute(_COUNT_ANEW)
        cursor.execute(_COUNT_ON)
        cursor.execute(_SET_BACK_REACTIONS)


def _value(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])
