"""Traceparents, the texts in which events and headers name a span, and contexts of OpenTelemetry.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

import re
from collections.abc import Iterable, Iterator

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, TraceFlags

TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


def traceparent_of(context: SpanContext) -> str | None:
    """Return the text; None for no span."""
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def contexts(traceparents: Iterable[object]) -> Iterator[SpanContext]:
    """Yield each span once; another program can have written any JSON into an event."""
    for each in dict.fromkeys(text for text in traceparents if isinstance(text, str)):
        if (found := _span_context(each)) is not None:
            yield found


def _span_context(traceparent: str) -> SpanContext | None:
    if (found := TRACEPARENT.fullmatch(traceparent)) is None:
        return None
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    context = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
    return context if context.is_valid else None


def context_of(traceparent: str | None) -> Context | None:
    """Return the context to start a span in; None: the one in force."""
    if traceparent is None or (found := _span_context(traceparent)) is None:
        return None
    return trace.set_span_in_context(trace.NonRecordingSpan(found))
