"""What leaves the process: everything at its end, no texts of errors, no idle work."""

from collections.abc import Sequence
from threading import Event

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind

from config.monitoring.traces import instrumentation
from config.monitoring.traces.export import WithoutTexts
from config.monitoring.traces.instrumentation import PromptProcessor
from config.monitoring.traces.sampling import WithoutIdle


class Away(SpanExporter):
    """Waits for a collector until it is shut down."""

    def __init__(self) -> None:
        self.is_shut_down = Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.is_shut_down.wait()
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self.is_shut_down.set()


class TestPromptProcessor:
    def test_sends_what_is_left_at_the_end(self):
        exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(PromptProcessor(exporter, schedule_delay_millis=600_000))
        provider.get_tracer("test").start_span("last").end()
        provider.shutdown()
        assert [span.name for span in exporter.get_finished_spans()] == ["last"]

    def test_gives_up_on_a_collector_that_is_away(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(instrumentation, "STOP_MS", 1)
        exporter = Away()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(PromptProcessor(exporter))
        provider.get_tracer("test").start_span("lost").end()
        provider.shutdown()
        assert exporter.is_shut_down.is_set()


class TestWithoutTexts:
    def test_keeps_all_but_the_texts_of_errors(self):
        exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(WithoutTexts(exporter)))
        tracer = provider.get_tracer("test")
        with (
            pytest.raises(ValueError, match="Ada"),
            tracer.start_as_current_span("failing", attributes={"number": 1}) as span,
        ):
            raise ValueError("Ada Lovelace")
        [sent] = exporter.get_finished_spans()
        assert sent.context == span.get_span_context()
        assert (sent.name, dict(sent.attributes or {})) == ("failing", {"number": 1})
        assert (sent.status.is_ok, sent.status.description) == (False, None)
        [event] = sent.events
        assert dict(event.attributes or {}) == {
            "exception.type": "ValueError", "exception.escaped": "False",
        }  # fmt: skip
        assert "Ada" not in sent.to_json()


class TestWithoutIdle:
    @pytest.fixture
    def tracer(self) -> trace.Tracer:
        return TracerProvider(WithoutIdle(ALWAYS_ON), shutdown_on_exit=False).get_tracer("test")

    @pytest.mark.parametrize("kind", [SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER])
    def test_begins_no_trace_with_a_task_or_a_statement(self, tracer: trace.Tracer, kind: SpanKind):
        assert not tracer.start_span("idle", kind=kind).is_recording()
        with tracer.start_as_current_span("request", kind=SpanKind.SERVER):
            assert tracer.start_span("busy", kind=kind).is_recording()

    @pytest.mark.parametrize("kind", [SpanKind.SERVER, SpanKind.INTERNAL])
    def test_leaves_the_others_to_the_sampler(self, tracer: trace.Tracer, kind: SpanKind):
        assert tracer.start_span("begin", kind=kind).is_recording()
