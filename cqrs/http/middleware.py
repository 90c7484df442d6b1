"""Give every request a context before any code can fail or log."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import structlog
from django.http import HttpRequest, HttpResponse

from cqrs.messaging.context import PATIENT, Context, use_context

# https://www.w3.org/TR/trace-context/#traceparent-header
TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
CALLER = "cqrs.caller"
"""The key of a `Caller` in the WSGI environment, from a server that knows more of its client."""
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")


def request_context(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Take correlation id and trace from the request's headers, or create an id; answer with it.

    `X-Request-Id` has precedence over the trace id of `traceparent`. Other formats are ignored,
    because the text goes unchanged into the logs and the event log.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        trace, correlation_id = trace_of(request.META)
        context = Context(
            actor="anonymous",
            correlation_id=correlation_id,
            traceparent=trace[0] if trace else None,
            caller=request.META.get(CALLER, PATIENT),
        )
        with (
            use_context(context),
            structlog.contextvars.bound_contextvars(request_id=correlation_id),
        ):
            response = get_response(request)
        response["X-Request-Id"] = correlation_id
        return response

    return middleware


def trace_of(environ: Mapping[str, Any]) -> tuple[re.Match[str] | None, str]:
    """Return the trace and the correlation id of a request; one without an id gets a new one."""
    trace = TRACEPARENT.fullmatch(environ.get("HTTP_TRACEPARENT", ""))
    given = REQUEST_ID.fullmatch(environ.get("HTTP_X_REQUEST_ID", ""))
    return trace, given[0] if given else trace[1] if trace else uuid4().hex
