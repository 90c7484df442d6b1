"""The ids on every line of the log: which request, message, task or command it belongs to."""

from collections.abc import MutableMapping
from typing import Any
from uuid import uuid4

from structlog.contextvars import bind_contextvars, unbind_contextvars

from cqrs.http.middleware import IDS, Ids
from cqrs.messaging.context import current_ids

Event = MutableMapping[str, Any]


def with_ids(_logger: Any, _method: str, event: Event) -> Event:
    """Add correlation and trace id of what is done now."""
    correlation_id, trace_id = current_ids()
    if correlation_id is not None:
        event.setdefault("correlation_id", correlation_id)
    if trace_id is not None:
        event.setdefault("trace_id", trace_id)
    return event


def with_ids_of_request(_logger: Any, _method: str, event: Event) -> Event:
    """Add the ids of the request that Django logs after its end."""
    request = getattr(event.get("_record"), "request", None)
    ids: Ids | None = getattr(request, "META", {}).get(IDS)
    if ids is not None:
        names = {"request_id": ids.request_id, "correlation_id": ids.request_id}
        for name, value in {**names, "trace_id": ids.trace_id}.items():
            event.setdefault(name, value)
    return event


def begin_command(name: str) -> None:
    """Give the lines of this thread the name of a command and the id of its run."""
    run_id = uuid4().hex
    bind_contextvars(command=name, correlation_id=run_id, trace_id=run_id)


def begin_task(name: str, task_id: str) -> None:
    """Give the lines of this thread the name and the id of a task."""
    bind_contextvars(task=name, correlation_id=task_id, trace_id=task_id.replace("-", ""))


def end_task() -> None:
    """End what `begin_task` began."""
    unbind_contextvars("task", "correlation_id", "trace_id")
