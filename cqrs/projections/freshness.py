"""When each partition was last caught up with the log: recorded in its checkpoint, on `replica`."""

import time

from django.db import connection, connections

from cqrs.database.aliases import PROJECTION_ALIAS

EVERY_S = 0.1

# Committed events without a position are in no checkpoint, and late all the same.
_HEAD = "SELECT position FROM cqrs_feedhead WHERE NOT EXISTS (SELECT FROM cqrs_pending)"
# A locked row belongs to a worker that records its own freshness in a moment.
_RECORD = """
UPDATE cqrs_projections_checkpoint SET caught_up_at = clock_timestamp() - make_interval(secs => %s)
WHERE id IN (SELECT id FROM cqrs_projections_checkpoint WHERE position >= %s
             ORDER BY id FOR UPDATE SKIP LOCKED)
"""


class FreshnessRecorder:
    """Records which partitions are caught up; at most once in `every_s`, however often called."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self.every_s = every_s
        self._recorded_at = -every_s  # time.monotonic()

    def record(self) -> None:
        """Compare the checkpoints with the log now.

        The recorded time is that of the look at the log, in the clock of the read database.
        """
        looked_at = time.monotonic()
        if looked_at - self._recorded_at < self.every_s:
            return
        with connection.cursor() as cursor:
            cursor.execute(_HEAD)
            row = cursor.fetchone()
        if row is None:
            return
        with connections[PROJECTION_ALIAS].cursor() as cursor:
            cursor.execute(_RECORD, [time.monotonic() - looked_at, row[0]])
        self._recorded_at = looked_at


freshness = FreshnessRecorder()
