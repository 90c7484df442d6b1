"""Start OpenTelemetry in this process, and what traces Redis, Celery and databases."""

from collections.abc import Callable

from django.conf import settings
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

from config.monitoring.traces import statements
from config.monitoring.traces.export import WithoutTexts
from config.monitoring.traces.sampling import WithoutIdle

EXPORTERS: dict[str, type[SpanExporter]] = {
    "otlp": OTLPSpanExporter,
    "console": ConsoleSpanExporter,
}
SERVICE_NAME = "order-desk"
STOP_MS = 3_000  # a web process that stops has 5 s
INSTRUMENTORS = (CeleryInstrumentor, RedisInstrumentor)


class PromptProcessor(BatchSpanProcessor):
    """Sends what is left when the process ends, and gives up on a collector that is away."""

    def shutdown(self) -> None:
        self._batch_processor.shutdown(timeout_millis=STOP_MS)  # by default 30 s


def start() -> TracerProvider:
    """Start it with the exporter of the settings; raises what a wrong `OTEL_…` variable raises."""
    exporter = EXPORTERS[settings.TRACES_EXPORTER]
    return start_with(lambda: PromptProcessor(WithoutTexts(exporter())))


def start_with(processor: Callable[[], SpanProcessor]) -> TracerProvider:
    """Start it with a processor of spans. Sampler, limits and resource are OpenTelemetry's."""
    # Before the processor, which has a thread: this raises for a wrong limit.
    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    provider.sampler = WithoutIdle(provider.sampler)
    provider.add_span_processor(processor())
    for instrumentor in INSTRUMENTORS:
        instrumentor().instrument(tracer_provider=provider)
    statements.trace_statements(provider.get_tracer("database"))
    return provider


def stop() -> None:
    """Undo `start_with`."""
    statements.trace_no_statements()
    for instrumentor in INSTRUMENTORS:
        instrumentor().uninstrument()


def _resource() -> Resource:
    found = Resource.create()
    name = str(found.attributes.get("service.name", ""))
    if name and not name.startswith("unknown_service"):
        return found
    return found.merge(Resource({"service.name": SERVICE_NAME}))
