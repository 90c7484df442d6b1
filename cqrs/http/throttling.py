"""Limit how many requests a caller may make.

One counter per fixed window, because DRF's own throttles store a list of all request times of the
window in the cache: thousands of entries are read and written at every request. When Redis is out
of reach, a process counts alone: an outage of Redis must not become an outage of the API.
"""

import time
from collections.abc import Iterable, Iterator
from itertools import count
from threading import Lock
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from cqrs import metrics, redis_server
from cqrs.conf import conf
from cqrs.http import callers, refresh_tokens

PREFIX = "cqrs:throttle:"
MAX_WINDOWS = 100_000
Counted = tuple[str, str]
"""The name of a rate, and the caller that is counted."""


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


counters = WindowCounters()


def seconds_to_wait(counted: Iterable[Counted]) -> float | None:
    """Count a request for each caller. Return the seconds until all may make one; None: now."""
    waits = [wait for scope, key in counted if (wait := _count(scope, key)) is not None]
    return max(waits, default=None)


def login_counted(request: Any, name: Any) -> tuple[Counted, Counted]:
    """Return what counts a login with this name: the name at this address, and the address."""
    address = callers.address(request)
    return ("login", f"{address}:{callers.name_key(name)}"), ("login_address", address)


class WindowThrottle(BaseThrottle):
    """Counts requests per key, in windows as long as the rate's period."""

    _wait_s: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request; return whether it is within its rates."""
        self._wait_s = seconds_to_wait(self.counted(request))
        return self._wait_s is None

    def wait(self) -> float | None:
        """Return the seconds until the next window."""
        return self._wait_s

    def counted(self, request: Request) -> Iterable[Counted]:
        """Return what counts the request."""
        raise NotImplementedError


class UserThrottle(WindowThrottle):
    """Counts the reads and the writes of one user separately."""

    def counted(self, request: Request) -> Iterable[Counted]:
        scope = "read" if request.method in SAFE_METHODS else "write"
        return ((scope, str(getattr(request.user, "pk", None) or self.get_ident(request))),)


class LoginThrottle(WindowThrottle):
    """Counts logins with one name from one address, and with all names from it."""

    def counted(self, request: Request) -> Iterable[Counted]:
        body: Any = request.data  # an object: the parser refuses other JSON
        return login_counted(request, body.get("username", ""))


class RefreshThrottle(WindowThrottle):
    """Counts refreshes by their user, and those without a token of ours by address.

    The latter have a counter of their own: other users of the address do not suffer from them.
    """

    def counted(self, request: Request) -> Iterable[Counted]:
        body: Any = request.data
        token = refresh_tokens.verified(body.get("refresh"))
        if token is None:
            return (("login_address", f"refused:{callers.address(request)}"),)
        return (("login", f"refresh:{token.user_id}"),)


def _count(scope: str, key: str) -> float | None:
    rate = conf().THROTTLE_RATES[scope]
    if rate is None:
        return None
    limit, seconds = rate
    window, elapsed = divmod(time.time(), seconds)
    number = counters.increment(f"{scope}:{key}:{int(window)}", seconds)
    if number <= limit:
        return None
    metrics.THROTTLED[scope,].inc()
    return seconds - elapsed
