"""Give every request a context before any code can fail or log."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from uuid import uuid4

import structlog
from django.http import HttpRequest, HttpResponse

from cqrs.messaging.context import PATIENT, Context, use_context
from cqrs.messaging.tracing import Kind, Span, span, traceparent

# https://www.w3.org/TR/trace-context/#traceparent-header
TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
CALLER = "cqrs.caller"
"""The key of a `Caller` in the WSGI environment, from a server that knows more of its client."""
IDS = "cqrs.ids"
"""The key of the request's `Ids` in the WSGI environment, for lines that are logged after it."""
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class Ids(NamedTuple):
    """The ids of a request; `traceparent` is the trace that it is part of, if there is one."""

    traceparent: str | None
    trace_id: str
    request_id: str


def request_context(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Take correlation id and trace from the request's headers, or create them; answer with the id.

    `X-Request-Id` has precedence over the trace id of `traceparent`. Other formats are ignored,
    because the text goes unchanged into the logs and the event log.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        given = _given_trace(request.META)
        method = str(request.method)
        with span(method, Kind.SERVER, parent=given, path=request.path_info) as handling:
            request.META[IDS] = ids = _ids(request.META, traceparent() or given)
            context = _context(ids, request)
            bound = structlog.contextvars.bound_contextvars(request_id=ids.request_id)
            with use_context(context), bound:
                response = get_response(request)
            if handling.is_recorded:
                _note(handling, request, response)
        response["X-Request-Id"] = ids.request_id
        return response

    return middleware


def ids_of(environ: Mapping[str, Any]) -> Ids:
    """Return the ids of a request. Its trace is that of the span in force, else the given one.

    A request without a trace gets an id for its logs, which no other system sees.
    """
    return _ids(environ, traceparent() or _given_trace(environ))


def _ids(environ: Mapping[str, Any], trace: str | None) -> Ids:
    trace_id = trace[3:35] if trace else uuid4().hex
    given = REQUEST_ID.fullmatch(environ.get("HTTP_X_REQUEST_ID", ""))
    return Ids(trace, trace_id, given[0] if given else trace_id)


def _given_trace(environ: Mapping[str, Any]) -> str | None:
    found = TRACEPARENT.fullmatch(environ.get("HTTP_TRACEPARENT", ""))
    return found[0] if found else None


def _context(ids: Ids, request: HttpRequest) -> Context:
    return Context(
        actor="anonymous",
        correlation_id=ids.request_id,
        traceparent=ids.traceparent,
        trace_id=ids.trace_id,
        caller=request.META.get(CALLER, PATIENT),
    )


def _note(handling: Span, request: HttpRequest, response: HttpResponse) -> None:
    """Name the span by the route, which has no ids in it."""
    if request.resolver_match is not None:
        handling.rename(f"{request.method} /{request.resolver_match.route}")
    handling.note(status=response.status_code)
    if response.status_code >= 500:
        handling.fail(str(response.status_code))
