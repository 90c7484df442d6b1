"""How old an answer may be: `X-Read-Lag-Ms`.

Asked once in a while and remembered in the process, so that a request normally pays nothing.
"""

import time

from cqrs.behaviors.reconnection import again_if_lost
from cqrs.database.aliases import READ_ALIAS
from cqrs.database.cursors import server_cursor

MEMO_S = 0.1
# As a whole it was level when its hindmost partition was; the workers keep that (`level.py`).
LEVEL_AGE = """
SELECT CASE WHEN bool_and(caught_up_at IS NOT NULL)
            THEN extract(epoch FROM clock_timestamp() - min(caught_up_at))::float8 END
FROM cqrs_projections_checkpoint WHERE consumer = %s
"""

# By projection: when it was asked, and when it was last level, both in time.monotonic().
_known: dict[str, tuple[float, float | None]] = {}


def read_lag_ms(projection: str) -> int | None:
    """Return how long ago the read model was last known to be level with the log.

    Ask before reading the answer that it is said of: so it never promises too much. None as long
    as it never was.
    """
    now = time.monotonic()
    asked_at, caught_up_at = _known.get(projection, (0.0, None))
    if not asked_at or now - asked_at > MEMO_S:
        age_s = again_if_lost(lambda: _level_age_s(projection), "read_lag")
        caught_up_at = None if age_s is None else now - max(0.0, age_s)
        _known[projection] = (now, caught_up_at)
    return None if caught_up_at is None else round((now - caught_up_at) * 1000)


def forget() -> None:
    """Ask again at the next request."""
    _known.clear()


def _level_age_s(projection: str) -> float | None:
    with server_cursor(READ_ALIAS) as cursor:
        cursor.execute(LEVEL_AGE, (projection,))
        age_s: float | None = cursor.fetchone()[0]
    return age_s
