"""The hand-over: insert a work row for each event that a reaction has to react to, exactly once.

The rows are inserted in the statement that moves the checkpoint. A locked checkpoint belongs to
another hand-over and is left to it. One that is ahead of the log stays: the log has another event,
or none, at its position.
"""

from django.db import connection
from django.db.backends.utils import CursorWrapper

from cqrs.database.aliases import WRITE_ALIAS
from cqrs.database.cursors import array, server_cursor
from cqrs.event_log import sequencer
from cqrs.messaging.context import IMPORTED
from cqrs.models import ReactionCheckpoint
from cqrs.reactions.reaction import Effect
from cqrs.reactions.registry import reactions

WINDOW = 5_000


def _id_at(position: str) -> str:
    """Return the query of the id of the event at a position, which is an expression in SQL."""
    return (
        "SELECT event.event_id FROM cqrs_feed AS feed"  # noqa: S608
        " JOIN cqrs_event AS event ON event.id = feed.event_id"
        f" WHERE feed.position = {position} LIMIT 1"
    )


# A new reaction begins at the head: what was before it does not concern it.
_START = f"""
INSERT INTO cqrs_reactioncheckpoint (consumer, version, partition, partitions, position, event_id,
                                     updated_at)
SELECT name, 1, 0, 1, head.position, ({_id_at("head.position")}), clock_timestamp()
FROM cqrs_feedhead AS head, unnest(%(names)s::text[]) AS name
WHERE head.id = 1 AND NOT EXISTS (SELECT FROM cqrs_reactioncheckpoint WHERE consumer = name)
ON CONFLICT DO NOTHING
"""  # noqa: S608

# Reactions at one position share one look at the log. The lookups are LATERAL with a limit, so that
# the planner reads the events of the window by their ids, however large the log is. `->>` returns
# NULL for metadata that is no object.
_HAND_OVER = f"""
WITH reaction AS (
    SELECT * FROM unnest(%(names)s::text[], %(types)s::text[], %(transactional)s::boolean[])
        AS reaction(name, type, is_transactional)
), started AS ({_START}), behind AS (
    SELECT checkpoint.id, name, type, is_transactional, checkpoint.position AS after,
           least(head.position, checkpoint.position + %(window)s) AS upto, reached.event_id
    FROM cqrs_reactioncheckpoint AS checkpoint JOIN reaction ON name = consumer
         CROSS JOIN cqrs_feedhead AS head
         CROSS JOIN LATERAL ({_id_at("least(head.position, checkpoint.position + %(window)s)")}
         ) AS reached
         LEFT JOIN LATERAL ({_id_at("checkpoint.position")}) AS here ON true
    WHERE head.id = 1 AND checkpoint.position < head.position AND (checkpoint.position = 0
          OR here.event_id = coalesce(checkpoint.event_id, here.event_id))
    ORDER BY checkpoint.id FOR UPDATE OF checkpoint SKIP LOCKED
), moved AS (
    UPDATE cqrs_reactioncheckpoint AS checkpoint
    SET position = upto, event_id = behind.event_id, updated_at = clock_timestamp()
    FROM behind WHERE checkpoint.id = behind.id
), found AS MATERIALIZED (
    SELECT after, upto, feed.position, event.*
    FROM (SELECT DISTINCT after, upto FROM behind) AS shared
    CROSS JOIN LATERAL (
        SELECT position, event_id FROM cqrs_feed WHERE position > after AND position <= upto
        ORDER BY position LIMIT %(window)s
    ) AS feed CROSS JOIN LATERAL (
        SELECT event_id, stream_type, stream_id, version, type FROM cqrs_event
        WHERE id = feed.event_id AND type = ANY(%(types)s)
              AND metadata ->> 'origin' IS DISTINCT FROM '{IMPORTED}' LIMIT 1
    ) AS event
), inserted AS (
    INSERT INTO cqrs_reactionwork (reaction, position, event_id, stream_type, stream_id, version,
                                   type, attempts, due_at, error)
    SELECT name, position, event_id, stream_type, stream_id, version, type, 0, clock_timestamp(), ''
    FROM (SELECT name, after, upto, type FROM behind) AS behind
    JOIN found USING (after, upto, type) ORDER BY position
    ON CONFLICT DO NOTHING RETURNING reaction
)
SELECT count(*) FILTER (WHERE NOT is_transactional), count(*) FILTER (WHERE is_transactional)
FROM inserted JOIN reaction ON name = inserted.reaction
"""  # noqa: S608


def hand_over() -> CursorWrapper:
    """Insert the work rows of every reaction that is behind, in the open transaction on `default`.

    Passes 5,000 positions at most: call it again until it inserts nothing. Fetches nothing, so that
    it can run in a pipeline. The cursor's one row has the numbers of rows inserted: external, and
    transactional.
    """
    cursor = server_cursor(WRITE_ALIAS)
    registered = reactions()
    is_transactional = [each.effect is Effect.TRANSACTIONAL for each in registered]
    parameters: dict[str, str | int] = {
        "names": array([each.name for each in registered]),
        "types": array([each.event_type for each in registered]),
        "transactional": array([str(each).lower() for each in is_transactional]),
        "window": WINDOW,
    }
    cursor.execute(_HAND_OVER, parameters)
    return cursor


def start_at_head() -> None:
    """Give each reaction that has none a checkpoint at the head, behind what is committed now."""
    names = [reaction.name for reaction in reactions()]
    if {*names}.issubset(ReactionCheckpoint.objects.values_list("consumer", flat=True)):
        return
    sequencer.sequence()
    with connection.cursor() as cursor:
        cursor.execute(_START, {"names": array(names)})
