"""Count requests in fixed windows.

When Redis is out of reach, a process counts alone: an outage of Redis must not become an outage of
the API.
"""

import time
from collections.abc import Iterator
from itertools import count
from threading import Lock

from redis import Redis
from redis.exceptions import RedisError

from cqrs import redis_server
from cqrs.conf import conf

PREFIX = "cqrs:throttle:"
MAX_WINDOWS = 100_000


class LocalCounters:
    """Counts in this process, in a tenth of the time that Django's cache in memory takes."""

    def __init__(self) -> None:
        self._windows: dict[str, tuple[Iterator[int], float]] = {}
        """The counter of each window and when it ends, those that began first at the front."""
        self._lock = Lock()

    def increment(self, key: str, seconds: int) -> int:
        window = self._windows.get(key) or self._begin(key, seconds)
        return next(window[0])

    def _begin(self, key: str, seconds: int) -> tuple[Iterator[int], float]:
        now = time.monotonic()
        with self._lock:
            self._forget(now)
            return self._windows.setdefault(key, (count(1), now + seconds))

    def _forget(self, now: float) -> None:
        """Forget windows that have ended, and the oldest one when there are too many."""
        while self._windows:
            first = next(iter(self._windows))
            if self._windows[first][1] > now and len(self._windows) < MAX_WINDOWS:
                return
            del self._windows[first]


class WindowCounters:
    """Counts in Redis for all processes, and in this process while that is out of reach."""

    def __init__(self) -> None:
        self.local = LocalCounters()

    def increment(self, key: str, seconds: int) -> int:
        """Count one request; return the number in its window, which lasts these seconds."""
        mine = self.local.increment(key, seconds)
        if not conf().REDIS_URL:
            return mine
        try:
            with redis_server.shared().use("throttle") as client:
                return _increment(client, PREFIX + key, seconds, is_first=mine == 1)
        except RedisError:
            return mine


def _increment(client: Redis, key: str, seconds: int, *, is_first: bool) -> int:
    """Count in one command if this process has seen the window's counter before."""
    if is_first:
        with client.pipeline() as pipeline:
            pipeline.set(key, 0, ex=seconds, nx=True)
            pipeline.incr(key)
            return int(pipeline.execute()[1])
    number = int(client.incr(key))
    if number == 1:  # Redis had lost it
        client.expire(key, seconds)
    return number
