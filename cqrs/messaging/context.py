"""The actor, the permissions and the trace of a message.

The interface (HTTP, task, command line) sets them; authorization, logging and the event log read
them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from cqrs.messaging import tracing

SYSTEM = "system"
TRACEPARENT_LENGTH = 55
IMPORTED = "import"
"""The origin of imported events: reactions skip them."""
OUTSIDE = "outside"
"""The origin of events that adoption has made of what another program wrote."""


class Caller:
    """The client that waits for the answer, as far as the server knows it.

    This one is patient, and holds no share of the server's threads.
    """

    def has_left(self) -> bool:
        """Return whether the client is gone: then a wait on its behalf can end."""
        return False

    def leave_share(self) -> None:
        """Give back the place among requests of the same kind; the work that it was for is done."""


PATIENT = Caller()


@dataclass(frozen=True, slots=True)
class Context:
    """The context of one message.

    `permissions` of None means every permission: management commands and reactions have it.
    `trace_id` is that of a request: of its `traceparent`, or made for it. `hops` counts the
    reactions between the first command and this one, to end a loop of reactions.
    """

    actor: str = SYSTEM
    permissions: frozenset[str] | None = frozenset()
    correlation_id: str = field(default_factory=lambda: uuid4().hex)
    causation_id: str | None = None
    traceparent: str | None = None
    trace_id: str | None = None
    hops: int = 0
    origin: str | None = None
    caller: Caller = PATIENT

    def as_metadata(self) -> dict[str, Any]:
        """Return what the event log stores of it."""
        metadata: dict[str, Any] = {
            "correlation_id": self.correlation_id,
            "causation_id": self.causation_id,
            "actor": self.actor,
            "traceparent": tracing.traceparent() or self.traceparent,
            "hops": self.hops,
        }
        if self.origin is not None:
            metadata["origin"] = self.origin
        return metadata


_current: ContextVar[Context | None] = ContextVar("cqrs_context", default=None)


def current_context() -> Context:
    """Return the context in force; without one, a context that permits nothing."""
    return _current.get() or Context()


def current_traceparent() -> str | None:
    """Return the trace to continue: that of the span in force, else that of the context."""
    context = _current.get()
    return tracing.traceparent() or (context.traceparent if context else None)


def current_ids() -> tuple[str | None, str | None]:
    """Return the correlation id and the trace id in force, for logs and problems."""
    context, traceparent = _current.get(), tracing.traceparent()
    if context is None:
        return None, trace_id_of(traceparent)
    trace_id = context.trace_id or trace_id_of(context.traceparent)
    return context.correlation_id, trace_id_of(traceparent) or trace_id


def trace_id_of(traceparent: str | None) -> str | None:
    """Return the id in a W3C traceparent; None for a text that is none."""
    return traceparent[3:35] if traceparent and len(traceparent) == TRACEPARENT_LENGTH else None


@contextmanager
def use_context(context: Context) -> Iterator[Context]:
    """Put a context in force for the block."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def system_context(**changes: Any) -> Context:
    """Return a context that may do everything, for management commands and workers."""
    return replace(Context(permissions=None), **changes)
