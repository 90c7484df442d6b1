"""Limit how many requests a caller may make.

One counter per fixed window, because DRF's own throttles store a list of all request times of the
window in the cache: thousands of entries are read and written at every request. When the cache is
out of reach, a process counts alone: an outage of Redis must not become an outage of the API.
"""

import hashlib
import time
import unicodedata
from typing import Any

import structlog
from django.core.cache import cache
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from redis.exceptions import RedisError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from cqrs.conf import conf
from cqrs.database.breaker import Breaker

log = structlog.get_logger("cqrs.http")


class WindowCounters:
    """Counts in the shared cache, and in this process while that is out of reach."""

    def __init__(self) -> None:
        self.local = LocMemCache("throttle", {})
        self.breaker = Breaker(RedisError)

    def increment(self, key: str, seconds: int) -> int:
        """Count one request; return the number in its window, which lasts these seconds."""
        if self.breaker.is_open():
            return _increment(self.local, key, seconds)
        try:
            with self.breaker.watching():
                return _increment(cache, key, seconds)
        except RedisError as error:
            log.warning("throttle_without_cache", error=type(error).__name__)
            return _increment(self.local, key, seconds)


counters = WindowCounters()


class WindowThrottle(BaseThrottle):
    """Counts requests per key, in windows as long as the rate's period."""

    _wait_s: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request; return whether it is within the rate."""
        scope, key = self.scope_and_key(request)
        rate = conf().THROTTLE_RATES[scope]
        if rate is None:
            return True
        limit, seconds = rate
        window, elapsed = divmod(time.time(), seconds)
        self._wait_s = seconds - elapsed
        key = f"throttle:{scope}:{key}:{int(window)}"
        return counters.increment(key, seconds) <= limit

    def wait(self) -> float | None:
        """Return the seconds until the next window."""
        return self._wait_s

    def scope_and_key(self, request: Request) -> tuple[str, str]:
        """Return the name of the rate, and the caller that is counted."""
        raise NotImplementedError


class UserThrottle(WindowThrottle):
    """Counts the reads and the writes of one user separately."""

    def scope_and_key(self, request: Request) -> tuple[str, str]:
        scope = "read" if request.method in SAFE_METHODS else "write"
        return scope, str(getattr(request.user, "pk", None) or self.get_ident(request))


class LoginThrottle(WindowThrottle):
    """Counts the login attempts with one name from one address."""

    def scope_and_key(self, request: Request) -> tuple[str, str]:
        body: Any = request.data
        # A login trims and normalizes the name: variants of one name share a counter.
        given = unicodedata.normalize("NFKC", str(body.get("username", ""))).strip().casefold()
        # A body can contain any text, also one that is no valid key of a cache.
        name = given.encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(name, digest_size=16).hexdigest()
        return "login", f"{self.get_ident(request)}:{digest}"


def _increment(counts: BaseCache, key: str, seconds: int) -> int:
    try:
        return int(counts.incr(key))
    except ValueError:  # the first request of the window
        return 1 if counts.add(key, 1, timeout=seconds) else int(counts.incr(key))
