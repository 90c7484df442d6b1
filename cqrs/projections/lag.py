"""Measure how old an answer can be, for `X-Read-Lag-Ms`."""

import time

from cqrs.behaviors.reconnection import again_if_lost
from cqrs.database.aliases import READ_ALIAS
from cqrs.database.cursors import server_cursor

MEMO_S = 0.1
# The projection is as fresh as the partition that is farthest behind (`freshness.py`).
_CAUGHT_UP_AGE = """
SELECT CASE WHEN bool_and(caught_up_at IS NOT NULL)
            THEN extract(epoch FROM clock_timestamp() - min(caught_up_at))::float8 END
FROM cqrs_projections_checkpoint WHERE consumer = %s
"""


class ReadLag:
    """Asks the database at most once per `MEMO_S` and projection: most requests cost nothing."""

    def __init__(self) -> None:
        # By projection: when the database was asked, and when the projection was last caught up,
        # both in time.monotonic().
        self._answers: dict[str, tuple[float, float | None]] = {}

    def ms(self, projection: str) -> int | None:
        """Return how long ago the projection was last known to be caught up; None if it never was.

        Call it before reading the answer, so that the lag is never too small.
        """
        now = time.monotonic()
        asked_at, caught_up_at = self._answers.get(projection, (0.0, None))
        if not asked_at or now - asked_at > MEMO_S:
            age_s = again_if_lost(lambda: _caught_up_age_s(projection), "read_lag")
            caught_up_at = None if age_s is None else now - max(0.0, age_s)
            self._answers[projection] = (now, caught_up_at)
        return None if caught_up_at is None else round((now - caught_up_at) * 1000)

    def forget(self) -> None:
        """Ask the database again at the next request."""
        self._answers.clear()


read_lag = ReadLag()


def _caught_up_age_s(projection: str) -> float | None:
    with server_cursor(READ_ALIAS) as cursor:
        cursor.execute(_CAUGHT_UP_AGE, (projection,))
        age_s: float | None = cursor.fetchone()[0]
    return age_s
