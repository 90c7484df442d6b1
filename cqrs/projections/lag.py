"""How old an answer can be, for `X-Read-Lag-Ms`, and the version of the tables that it is from."""

import time
from dataclasses import dataclass

from cqrs.behaviors.reconnection import again_if_lost
from cqrs.database.aliases import READ_ALIAS
from cqrs.database.cursors import server_cursor

MEMO_S = 0.1
# The projection is as fresh as the partition that is farthest behind; its checkpoint says so.
_SERVING = """
SELECT CASE WHEN bool_and(caught_up_at IS NOT NULL)
            THEN extract(epoch FROM clock_timestamp() - min(caught_up_at))::float8 END, max(version)
FROM cqrs_projections_checkpoint WHERE consumer = %s
"""


@dataclass(frozen=True, slots=True)
class _Serving:
    """When the database was asked, when the tables were last caught up, and their version.

    Both times are in `time.monotonic()`.
    """

    asked_at: float
    caught_up_at: float | None
    version: int | None


class ReadLag:
    """Asks the database at most once per `MEMO_S` and projection: most requests cost nothing."""

    def __init__(self) -> None:
        self._answers: dict[str, _Serving] = {}

    def ms(self, projection: str) -> int | None:
        """Return how long ago the projection was last known to be caught up; None if it never was.

        Call it before reading the answer, so that the lag is never too small.
        """
        found, now = self._serving(projection), time.monotonic()
        return None if found.caught_up_at is None else round((now - found.caught_up_at) * 1000)

    def version(self, projection: str) -> int | None:
        """Return the version of the serving tables, `MEMO_S` old at most; None without any."""
        return self._serving(projection).version

    def forget(self) -> None:
        """Ask the database again at the next request."""
        self._answers.clear()

    def _serving(self, projection: str) -> _Serving:
        now, found = time.monotonic(), self._answers.get(projection)
        if found is None or now - found.asked_at > MEMO_S:
            age_s, version = again_if_lost(lambda: _ask(projection), "read_lag")
            caught_up_at = None if age_s is None else now - max(0.0, age_s)
            found = self._answers[projection] = _Serving(now, caught_up_at, version)
        return found


read_lag = ReadLag()


def serving_version(projection: str) -> int | None:
    """Return the version of a projection's serving tables, for a query that chooses its columns.

    It is that of the request's `X-Read-Lag-Ms`, so it costs no statement of its own, and is up to
    `MEMO_S` old. None before the projection's first run.
    """
    return read_lag.version(projection)


def _ask(projection: str) -> tuple[float | None, int | None]:
    with server_cursor(READ_ALIAS) as cursor:
        cursor.execute(_SERVING, (projection,))
        age_s, version = cursor.fetchone()
    return age_s, version
