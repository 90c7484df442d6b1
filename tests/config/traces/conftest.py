"""OpenTelemetry in the test's own process; its spans stay in memory."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from config.monitoring.traces import instrumentation
from config.monitoring.traces.export import WithoutTexts
from config.monitoring.traces.tracer import OpenTelemetryTracer
from cqrs.messaging.tracing import Tracer, use_tracer


@pytest.fixture
def exporter() -> Iterator[InMemorySpanExporter]:
    """Trace into this exporter until the test ends."""
    found = InMemorySpanExporter()
    processor = SimpleSpanProcessor(WithoutTexts(found))
    tracer = OpenTelemetryTracer(lambda: instrumentation.start_with(lambda: processor))
    use_tracer(tracer)
    yield found
    use_tracer(Tracer())
    tracer.stop()
    instrumentation.stop()
