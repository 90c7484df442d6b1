"""How many requests somebody may make.

A counter per fixed window, because DRF's own throttles keep a list of all request times of the
window in the cache: thousands of entries read and written at every request. Without its cache a
process counts for itself: an outage of Redis must not become one of the API.
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
_own_count = LocMemCache("throttle", {})
breaker = Breaker(RedisError)


class WindowThrottle(BaseThrottle):
    """Counts requests per key in windows of the rate's length."""

    _wait_s: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request; say whether it is within the rate."""
        scope, key = self.scope_and_key(request)
        rate = conf().THROTTLE_RATES[scope]
        if rate is None:
            return True
        limit, seconds = rate
        window, elapsed = divmod(time.time(), seconds)
        self._wait_s = seconds - elapsed
        return _shared(f"throttle:{scope}:{key}:{int(window)}", seconds) <= limit

    def wait(self) -> float | None:
        """Return the seconds until the next window."""
        return self._wait_s

    def scope_and_key(self, request: Request) -> tuple[str, str]:
        """Return which rate holds, and who is counted."""
        raise NotImplementedError


class UserThrottle(WindowThrottle):
    """Reads and writes of one user, counted apart."""

    def scope_and_key(self, request: Request) -> tuple[str, str]:
        scope = "read" if request.method in SAFE_METHODS else "write"
        return scope, str(getattr(request.user, "pk", None) or self.get_ident(request))


class LoginThrottle(WindowThrottle):
    """Attempts to log in with one name from one address."""

    def scope_and_key(self, request: Request) -> tuple[str, str]:
        body: Any = request.data
        # Logging in trims and normalizes the name: its variants must not be counted apart.
        given = unicodedata.normalize("NFKC", str(body.get("username", ""))).strip().casefold()
        # Anything may stand there, also what is no key of a cache.
        name = given.encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(name, digest_size=16).hexdigest()
        return "login", f"{self.get_ident(request)}:{digest}"


def _shared(key: str, seconds: int) -> int:
    if breaker.is_open():
        return _count(_own_count, key, seconds)
    try:
        with breaker.watching():
            return _count(cache, key, seconds)
    except RedisError as error:
        log.warning("throttle_without_cache", error=type(error).__name__)
        return _count(_own_count, key, seconds)


def _count(counters: BaseCache, key: str, seconds: int) -> int:
    try:
        return int(counters.incr(key))
    except ValueError:  # nobody has counted in this window yet
        return 1 if counters.add(key, 1, timeout=seconds) else int(counters.incr(key))
