"""Repair the log before a heal: a new epoch, and one count of positions for it and reactions."""

import secrets
from collections.abc import Sequence
from itertools import islice

from django.db import connection, transaction

from cqrs.database.locks import LockSpace, lock
from cqrs.event_log.audits import Drift, audit
from cqrs.models import FeedHead

EPOCH_BITS = 48
MAX_NAMED = 20

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


class LogIsIncomplete(Exception):
    """`default` has rows that are not as its log says. Nothing was changed.

    The log has lost events, or another program wrote to the tables: the two look the same.
    """


def new_epoch() -> int:
    """Return a random number: a counter would come back with a restored database."""
    return 1 + secrets.randbelow(2**EPOCH_BITS - 1)


def require_complete_log(*, accept_loss: bool) -> None:
    """Raise `LogIsIncomplete` when write tables, or the feed, do not agree with the log."""
    if count := _value(_EVENTS_WITHOUT_POSITION):
        raise LogIsIncomplete(
            f"{count} event(s) have lost their position in the feed: restore `default`"
        )
    if accept_loss:
        return
    drifts = list(islice((each for each in audit() if each.stored is not None), MAX_NAMED + 1))
    if drifts:
        raise LogIsIncomplete(
            f"`default` and its log do not agree on {_named(drifts)}. If the log has lost events,"
            " restore its tables, or go on without the events: --accept-loss. If another program"
            " wrote this: projections verify --adopt"
        )


def _named(drifts: Sequence[Drift]) -> str:
    names = [f"{each.what} {each.aggregate_id}" for each in drifts[:MAX_NAMED]]
    return ", ".join(names) + (" and more" if len(drifts) > MAX_NAMED else "")


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
