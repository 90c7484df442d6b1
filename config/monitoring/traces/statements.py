"""A span around each statement of a database, by Django's execute wrappers.

The instrumentation of psycopg replaces the class of cursors. It does not see the cursors that are
made of a class of their own, as those of the hot queries are, and in a pipeline it would measure
how long it takes to queue a statement.
"""

from collections.abc import Callable
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created
from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode

MAX_TEXT = 2_000

_tracer: trace.Tracer = trace.NoOpTracer()


def trace_statements(tracer: trace.Tracer) -> None:
    """Trace the statements of this thread's connections, and of those that any thread opens later.

    One that another thread has opened already stays untraced: call it before there are others.
    """
    global _tracer
    _tracer = tracer
    connection_created.connect(_add, dispatch_uid="config.monitoring.traces")
    for connection in connections.all(initialized_only=True):
        _add(connection)


def trace_no_statements() -> None:
    """Undo `trace_statements`, in this thread and for connections to come."""
    connection_created.disconnect(_add, dispatch_uid="config.monitoring.traces")
    for connection in connections.all(initialized_only=True):
        if traced in connection.execute_wrappers:
            connection.execute_wrappers.remove(traced)


def _add(connection: Any, **_: Any) -> None:
    # The outermost: the guard of a query takes the last one away at its end, which must be its own.
    if traced not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, traced)


def traced(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """Execute a statement of a message in a span. Its parameters can be personal: they stay out.

    Not the statements with which a worker looks for work, and none in a pipeline: both are in the
    span of what they belong to.
    """
    connection = context["connection"]
    if not _is_traced(connection):
        return execute(sql, params, many, context)
    text = sql if isinstance(sql, str) else type(sql).__name__  # psycopg composes some
    with _tracer.start_as_current_span(
        f"{(text.split() or ['?'])[0].lstrip('(').upper()} {connection.alias}",
        kind=SpanKind.CLIENT,
        attributes={
            "db.system.name": "postgresql",
            "db.namespace": connection.settings_dict["NAME"],
            "db.query.text": text[:MAX_TEXT],
        },
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            return execute(sql, params, many, context)
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR))
            span.set_attribute("error.type", type(error).__name__)
            raise


def _is_traced(connection: Any) -> bool:
    around: Any = trace.get_current_span()
    if not around.is_recording() or around.kind is SpanKind.CONSUMER:
        return False
    return connection.connection is None or connection.connection.pgconn.pipeline_status == 0
