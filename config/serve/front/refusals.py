"""The answers that the front gives by itself, in the form of all other errors."""

from dataclasses import dataclass
from typing import Any

import structlog

from config.serve.front.environ import wsgi_environ
from cqrs.http import problems
from cqrs.http.middleware import trace_of

log = structlog.get_logger("cqrs.http")


@dataclass(frozen=True)
class Refusal:
    """One reason why a request takes no thread."""

    status: int
    code: str
    detail: str

    def answer(self, scope: Any, protocol: Any) -> None:
        """Send it."""
        _, correlation_id = trace_of(wsgi_environ(scope, b""))
        log.warning("request_refused", code=self.code, request_id=correlation_id)
        response = problems.document(scope.path, self.status, self.code, self.detail)
        headers = [*response.items(), ("X-Request-Id", correlation_id)]
        protocol.response_bytes(self.status, headers, response.content)


TOO_LARGE = Refusal(413, "too_large", "The body is too large")
TOO_SLOW = Refusal(408, "request_timeout", "The body did not come in time")
BUSY = Refusal(503, "busy", "No thread came free in time: try again")
OUT_OF_MEMORY = Refusal(503, "busy", "Too many large bodies are being read: try again")
