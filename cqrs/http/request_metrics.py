"""Count and time every request by its route: the raw path has a value for each order."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver

from cqrs import metrics

NO_ROUTE = "none"
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE"})
FAILURES = (500, 503)


def request_metrics(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Observe each request that the later middlewares and the views answer."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = get_response(request)
        match = request.resolver_match
        route = match.view_name if match else NO_ROUTE
        count(route, request.method, response.status_code)
        duration_s = time.perf_counter() - started
        metrics.REQUEST_DURATION[route, _known(request.method)].observe(duration_s)
        return response

    return middleware


def count(route: str, method: str | None, status: int) -> None:
    """Count one request; one that took no thread has no duration."""
    metrics.REQUESTS[route, _known(method), status].inc()


def _known(method: str | None) -> str:
    return method if method in METHODS else "other"


def start_at_zero() -> None:
    """Make the counters of failures of every route of the API, so that the first one is seen."""
    for route, method in _routes(get_resolver().url_patterns):
        metrics.REQUEST_DURATION[route, method]
        for status in FAILURES:
            metrics.REQUESTS[route, method, status]


def _routes(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns)
            continue
        actions: dict[str, Any] = getattr(pattern.callback, "actions", {})  # of DRF's viewsets
        for method in actions:
            yield pattern.name or NO_ROUTE, method.upper()
