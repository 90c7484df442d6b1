"""How old an answer can be, for `X-Read-Lag-Ms`, and of which tables and which epoch it is."""

import time
from dataclasses import dataclass
from typing import NamedTuple

from cqrs.behaviors.reconnection import again_if_lost
from cqrs.consumers.partitions import HEALING
from cqrs.database.aliases import READ_ALIAS
from cqrs.database.cursors import server_cursor

MEMO_S = 0.1
# The projection is as fresh as the partition that is farthest behind; its checkpoint says so.
_SERVING = """
SELECT CASE WHEN bool_and(caught_up_at IS NOT NULL)
            THEN extract(epoch FROM clock_timestamp() - min(caught_up_at))::float8 END,
       max(version), coalesce((SELECT epoch FROM cqrs_projections_logepoch), 0),
       coalesce(bool_or(event_id = %s), false)
FROM cqrs_projections_checkpoint WHERE consumer = %s
"""


class Past(NamedTuple):
    """What the tables show: the epoch of the log, or, while they are healed, a past that is lost.

    They go on serving the rows of the lost past until the healed ones take their place.
    """

    epoch: int
    is_healing: bool = False


@dataclass(frozen=True, slots=True)
class _Serving:
    """When the database was asked, when the tables were last caught up, their version and past.

    Both times are in `time.monotonic()`.
    """

    asked_at: float
    caught_up_at: float | None
    version: int | None
    past: Past


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

    def past(self, projection: str) -> Past:
        """Return which past the tables show, `MEMO_S` old at most.

        Call it before reading the answer, so that no answer gets an epoch that is newer than it.
        """
        return self._serving(projection).past

    def known_past(self, projection: str) -> Past:
        """Return what the database last said, or the first epoch. Costs no statement."""
        found = self._answers.get(projection)
        return Past(0) if found is None else found.past

    def is_lost(self, projection: str, epoch: int, memo: bool = True) -> bool:
        """Return whether the tables follow another epoch than this one.

        Asks the database before it says so, because the epoch may have changed a moment ago.
        Without `memo`, it asks before it says that they do not.
        """
        if memo and self.past(projection).epoch == epoch:
            return False
        return self._ask(projection).past.epoch != epoch

    def forget(self) -> None:
        """Ask the database again at the next request."""
        self._answers.clear()

    def _serving(self, projection: str) -> _Serving:
        found = self._answers.get(projection)
        if found is None or time.monotonic() - found.asked_at > MEMO_S:
            return self._ask(projection)
        return found

    def _ask(self, projection: str) -> _Serving:
        now = time.monotonic()
        age_s, version, past = again_if_lost(lambda: _ask(projection), "read_lag")
        caught_up_at = None if age_s is None else now - max(0.0, age_s)
        found = self._answers[projection] = _Serving(now, caught_up_at, version, past)
        return found


read_lag = ReadLag()


def serving_version(projection: str) -> int | None:
    """Return the version of a projection's serving tables, for a query that chooses its columns.

    It is that of the request's `X-Read-Lag-Ms`, so it costs no statement of its own, and is up to
    `MEMO_S` old. None before the projection's first run.
    """
    return read_lag.version(projection)


def _ask(projection: str) -> tuple[float | None, int | None, Past]:
    with server_cursor(READ_ALIAS) as cursor:
        cursor.execute(_SERVING, (HEALING, projection))
        age_s, version, *past = cursor.fetchone()
    return age_s, version, Past(*past)
