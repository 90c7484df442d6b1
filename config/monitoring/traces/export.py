"""Export spans without the texts of errors, which can repeat personal data. The log has them."""

from collections.abc import Sequence

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status

TEXTS = ("exception.message", "exception.stacktrace")


class WithoutTexts(SpanExporter):
    """Passes spans on to another exporter: libraries record whole tracebacks in them."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([without_texts(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def without_texts(span: ReadableSpan) -> ReadableSpan:
    """Return the span itself unless it has such texts."""
    if not span.events and not span.status.description:
        return span
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=[_without_texts(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _without_texts(event: Event) -> Event:
    attributes = {
        name: value for name, value in (event.attributes or {}).items() if name not in TEXTS
    }
    return Event(event.name, attributes, event.timestamp)
