"""When each read model was last known to be level with the log: kept beside it, on `replica`."""

import time

from django.db import connection, connections

from cqrs.database.aliases import PROJECTION_ALIAS

PAUSE_S = 0.1

# Committed events without a position are in nobody's checkpoint, and late all the same.
_HEAD = "SELECT position FROM cqrs_feedhead WHERE NOT EXISTS (SELECT FROM cqrs_pending)"
# A row that is locked belongs to a worker that will be here in a moment itself.
_NOTE = """
UPDATE cqrs_projections_checkpoint SET caught_up_at = clock_timestamp() - make_interval(secs => %s)
WHERE id IN (SELECT id FROM cqrs_projections_checkpoint WHERE position >= %s
             ORDER BY id FOR UPDATE SKIP LOCKED)
"""
_noted_at = 0.0


def record_caught_up(every_s: float = PAUSE_S) -> None:
    """Note which partitions are level with the log now; once in a while if called often.

    The moment is that of the look at the log, in the clock of the read database.
    """
    global _noted_at
    looked_at = time.monotonic()
    if looked_at - _noted_at < every_s:
        return
    with connection.cursor() as cursor:
        cursor.execute(_HEAD)
        row = cursor.fetchone()
    if row is None:
        return
    with connections[PROJECTION_ALIAS].cursor() as cursor:
        cursor.execute(_NOTE, [time.monotonic() - looked_at, row[0]])
    _noted_at = looked_at
