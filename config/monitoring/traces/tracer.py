"""The kernel's spans as spans of OpenTelemetry."""

import time
from collections.abc import Callable, Iterable
from itertools import islice
from multiprocessing.util import Finalize
from threading import Lock
from types import TracebackType
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from config.monitoring.traces import instrumentation
from config.monitoring.traces.traceparents import context_of, contexts, traceparent_of
from cqrs.messaging.tracing import NOTHING, Kind, Span, Tracer

UNTRACED = ("/health/", "/metrics", "/static/", "/favicon.ico")
"""The beginnings of addresses that are asked all the time, or carry nothing of interest."""
MAX_LINKS = 128  # OpenTelemetry's own limit for a span
KINDS = {kind: SpanKind[kind.name] for kind in Kind}

log = structlog.get_logger("config.monitoring")


class OpenTelemetryTracer(Tracer):
    """Starts OpenTelemetry at the first span: a process that was forked before it has its own.

    It traces nothing in a process in which the start has failed.
    """

    def __init__(self, start: Callable[[], TracerProvider] = instrumentation.start) -> None:
        self._start = start
        self._provider: TracerProvider | None = None
        self._tracer: trace.Tracer | None = None
        self._is_begun = False
        self._lock = Lock()

    def start(self) -> None:
        with self._lock:
            if self._is_begun:
                return
            try:
                self._begin()
            except Exception as error:  # noqa: BLE001  the desk works without traces
                log.error("tracing_not_started", reason=type(error).__name__, error=str(error))
            self._is_begun = True  # last: other threads see it without the lock

    def _begin(self) -> None:
        self._provider = self._start()
        self._tracer = self._provider.get_tracer("cqrs")
        # Unlike atexit, multiprocessing's finalizers run in spawned and forked processes.
        Finalize(None, self.stop, exitpriority=10)

    def stop(self) -> None:
        if self._provider is not None:
            self._provider.shutdown()

    @property
    def tracer(self) -> trace.Tracer | None:
        """Return the one of this process, which may start now; None: it could not start."""
        if not self._is_begun:
            self.start()
        return self._tracer

    def span(self, name: str, kind: Kind, parent: str | None, attributes: dict[str, Any]) -> Span:
        if kind is Kind.SERVER and attributes["path"].startswith(UNTRACED):
            return NOTHING
        if (tracer := self.tracer) is None:
            return NOTHING
        return _Recorded(tracer, name, kind, context_of(parent), attributes)

    def work(self, name: str) -> Span:
        return NOTHING if (tracer := self.tracer) is None else _Work(tracer, name)

    def traceparent(self) -> str | None:
        return traceparent_of(trace.get_current_span().get_span_context())


class _Recorded(Span):
    is_recorded = True

    def __init__(
        self,
        tracer: trace.Tracer,
        name: str,
        kind: Kind,
        parent: Context | None,
        attributes: dict[str, Any],
    ) -> None:
        self._tracer, self._name, self._kind = tracer, name, kind
        self._parent, self._attributes = parent, attributes

    def __enter__(self) -> Span:
        self._span = self._tracer.start_span(
            self._name, self._parent, KINDS[self._kind], attributes=_named(self._attributes)
        )
        self._in_force = trace.use_span(
            self._span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        )
        self._in_force.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.fail(kind.__name__)
        self._in_force.__exit__(kind, error, traceback)

    def note(self, **attributes: Any) -> None:
        self._span.set_attributes(_named(attributes))

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, reason: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR))
        self._span.set_attribute("error.type", reason)


class _Work(Span):
    """Starts its span afterwards, when it is known that there was work."""

    is_recorded = True

    def __init__(self, tracer: trace.Tracer, name: str) -> None:
        self._tracer, self._name = tracer, name
        self._links: list[Link] = []
        self._attributes: dict[str, Any] | None = None

    def __enter__(self) -> Span:
        self._started_ns = time.time_ns()
        return self

    def found(self, traceparents: Iterable[object], **attributes: Any) -> None:
        self._links = [Link(each) for each in islice(contexts(traceparents), MAX_LINKS)]
        self._attributes = _named(attributes)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._attributes is None:
            return
        is_recorded = trace.get_current_span().is_recording()
        span = self._tracer.start_span(
            self._name,
            None if is_recorded else Context(),
            links=self._links,
            attributes=self._attributes,
            start_time=self._started_ns,
        )
        if kind is not None:
            span.set_status(Status(StatusCode.ERROR))
            span.set_attribute("error.type", kind.__name__)
        span.end()


_STANDARD = {
    "path": "url.path",
    "status": "http.response.status_code",
}


def _named(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes under OpenTelemetry's names where it has some, else under ours."""
    return {_STANDARD.get(name, f"cqrs.{name}"): value for name, value in attributes.items()}
