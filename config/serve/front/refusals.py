"""The answers that the front gives by itself, in the form of all other errors."""

from dataclasses import dataclass
from typing import Any

import structlog

from config.serve.front.environ import wsgi_environ
from config.serve.front.occupancy import REFUSED
from config.serve.front.shares import share_of
from cqrs.http import problems, request_metrics
from cqrs.http.middleware import ids_of
from cqrs.messaging.context import Context, use_context

log = structlog.get_logger("cqrs.http")


@dataclass(frozen=True)
class Refusal:
    """One reason why a request takes no thread."""

    status: int
    code: str
    detail: str

    def answer(self, scope: Any, protocol: Any) -> None:
        """Send it."""
        ids = ids_of(wsgi_environ(scope, b""))
        with use_context(Context(correlation_id=ids.request_id, trace_id=ids.trace_id)):
            log.warning("request_refused", code=self.code, request_id=ids.request_id)
            response = problems.document(scope.path, self.status, self.code, self.detail)
        REFUSED[share_of(scope.method, scope.path), self.code].inc()
        request_metrics.count(request_metrics.NO_ROUTE, scope.method, self.status)
        headers = [*response.items(), ("X-Request-Id", ids.request_id)]
        protocol.response_bytes(self.status, headers, response.content)


TOO_LARGE = Refusal(413, "too_large", "The body is too large")
TOO_SLOW = Refusal(408, "request_timeout", "The body did not come in time")
BUSY = Refusal(503, "busy", "No thread came free in time: try again")
OUT_OF_MEMORY = Refusal(503, "busy", "Too many large bodies are being read: try again")
