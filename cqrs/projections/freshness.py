"""Record in each checkpoint, on `replica`, when its partition was last caught up with the log."""

import time

from django.db import connection, connections

from cqrs.database.aliases import PROJECTION_ALIAS

EVERY_S = 0.1

# No partition is caught up while a committed event has no position.
_HEAD = "SELECT position FROM cqrs_feedhead WHERE NOT EXISTS (SELECT FROM cqrs_pending)"
# A locked row belongs to a worker that records its own freshness in a moment.
_RECORD = """
UPDATE cqrs_projections_checkpoint SET caught_up_at = clock_timestamp() - make_interval(secs => %s)
WHERE id IN (SELECT id FROM cqrs_projections_checkpoint WHERE position >= %s
             ORDER BY id FOR UPDATE SKIP LOCKED)
"""


class FreshnessRecorder:
    """Records which partitions are caught up, at most once per `every_s`."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self.every_s = every_s
        self._recorded_at = -every_s  # time.monotonic()

    def record(self) -> None:
        """Compare the checkpoints with the log.

        The recorded time is when the log was read, by the clock of the read database.
        """
        read_at = time.monotonic()
        if read_at - self._recorded_at < self.every_s:
            return
        with connection.cursor() as cursor:
            cursor.execute(_HEAD)
            row = cursor.fetchone()
        if row is None:
            return
        with connections[PROJECTION_ALIAS].cursor() as cursor:
            cursor.execute(_RECORD, [time.monotonic() - read_at, row[0]])
        self._recorded_at = read_at


freshness = FreshnessRecorder()
