"""Spans around what the kernel does, for the tracer of a project. Without one, nothing is traced.

    with span("lend book", Kind.INTERNAL) as lending:
        lending.note(book="Emma")

A span belongs to the trace of its `parent`, else to the span around it. The kernel itself needs no
tracing library: a project passes a `Tracer` to `use_tracer`.
"""

from collections.abc import Iterable
from enum import StrEnum
from types import TracebackType
from typing import Any


class Kind(StrEnum):
    """What a span is, by the words of OpenTelemetry."""

    INTERNAL = "internal"
    SERVER = "server"
    CONSUMER = "consumer"


class Span:
    """A span that goes nowhere. Attributes are names, ids, numbers and times, never payloads."""

    is_recorded = False
    """Whether it is worth while to compute attributes and links."""

    def __enter__(self) -> "Span":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it; an error is noted by its class, because its text can be personal."""

    def note(self, **attributes: Any) -> None:
        """Add attributes."""

    def rename(self, name: str) -> None:
        """Give it the name that only shows in the course of it."""

    def fail(self, reason: str) -> None:
        """Mark it as failed, although it raises nothing."""

    def found(self, traceparents: Iterable[object], **attributes: Any) -> None:
        """Say that there is work, done on behalf of these traces."""


class Tracer:
    """Traces nothing. A subclass sends spans somewhere."""

    def start(self) -> None:
        """Begin, at the latest with the first span; call it after a fork."""

    def stop(self) -> None:
        """Send what is left."""

    def span(self, name: str, kind: Kind, parent: str | None, attributes: dict[str, Any]) -> Span:
        """Return a span that begins when it is entered; `parent` is a traceparent."""
        return NOTHING

    def work(self, name: str) -> Span:
        """Return a span that is only recorded if work is `found` in it."""
        return NOTHING

    def traceparent(self) -> str | None:
        """Return the W3C traceparent of the span in force."""
        return None


NOTHING = Span()
_tracer = Tracer()


def use_tracer(tracer: Tracer) -> None:
    """Trace with this one from now on."""
    global _tracer
    _tracer = tracer


def span(
    name: str, kind: Kind = Kind.INTERNAL, *, parent: str | None = None, **attributes: Any
) -> Span:
    """Return a span around what happens now."""
    return _tracer.span(name, kind, parent, attributes)


def work(name: str) -> Span:
    """Return a span around a look for work: most looks find nothing, and are not recorded.

    It has no spans in it, and begins a trace of its own unless it is part of one that is recorded.
    """
    return _tracer.work(name)


def traceparent() -> str | None:
    """Return the W3C traceparent of the span in force; None when nothing is traced."""
    return _tracer.traceparent()
