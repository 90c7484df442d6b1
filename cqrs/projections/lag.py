"""How old an answer may be: `X-Read-Lag-Ms`."""

import time

from cqrs.behaviors.reconnection import again_if_lost
from cqrs.database.aliases import READ_ALIAS
from cqrs.database.cursors import server_cursor

MEMO_S = 0.1
# The projection as a whole was caught up when its hindmost partition was (`freshness.py`).
_CAUGHT_UP_AGE = """
SELECT CASE WHEN bool_and(caught_up_at IS NOT NULL)
            THEN extract(epoch FROM clock_timestamp() - min(caught_up_at))::float8 END
FROM cqrs_projections_checkpoint WHERE consumer = %s
"""


class ReadLag:
    """Asks at most once in `MEMO_S` and remembers the answer: most requests pay nothing."""

    def __init__(self) -> None:
        # By projection: when it was asked, and when it was last caught up, in time.monotonic().
        self._known: dict[str, tuple[float, float | None]] = {}

    def ms(self, projection: str) -> int | None:
        """Return how long ago the read model was last known to be caught up; None if it never was.

        Ask before reading the answer: then the lag is never too small.
        """
        now = time.monotonic()
        asked_at, caught_up_at = self._known.get(projection, (0.0, None))
        if not asked_at or now - asked_at > MEMO_S:
            age_s = again_if_lost(lambda: _caught_up_age_s(projection), "read_lag")
            caught_up_at = None if age_s is None else now - max(0.0, age_s)
            self._known[projection] = (now, caught_up_at)
        return None if caught_up_at is None else round((now - caught_up_at) * 1000)

    def forget(self) -> None:
        """Ask again at the next request."""
        self._known.clear()


read_lag = ReadLag()


def _caught_up_age_s(projection: str) -> float | None:
    with server_cursor(READ_ALIAS) as cursor:
        cursor.execute(_CAUGHT_UP_AGE, (projection,))
        age_s: float | None = cursor.fetchone()[0]
    return age_s
