"""Limit how many requests a caller may make.

One counter per fixed window, because DRF's own throttles store a list of all request times of the
window in the cache: thousands of entries are read and written at every request.
"""

import time
from collections.abc import Iterable
from typing import Any

from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from cqrs import metrics
from cqrs.conf import conf
from cqrs.http import callers, refresh_tokens
from cqrs.http.window_counters import WindowCounters

Counted = tuple[str, str]
"""The name of a rate, and the caller that is counted."""

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
