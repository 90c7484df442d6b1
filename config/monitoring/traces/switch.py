"""Trace if OpenTelemetry's own environment variables ask for it; else nothing is traced."""

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from cqrs.messaging.tracing import Tracer, use_tracer

EXPORTERS = ("otlp", "console")
PROTOCOL = "http/protobuf"

log = structlog.get_logger("config.monitoring")
_tracer = Tracer()


def exporter(name: str, endpoint: str, *, disabled: bool) -> str:
    """Return where spans go, `otlp` or `console`; empty: nowhere."""
    if name not in ("", "none", *EXPORTERS):
        raise ImproperlyConfigured(
            f"OTEL_TRACES_EXPORTER={name!r}: set it to one of {', '.join(EXPORTERS)}, none"
        )
    wanted = name or ("otlp" if endpoint else "none")
    return "" if disabled or wanted == "none" else wanted


def switch_on() -> None:
    """Let the kernel trace from its first span on, if spans go somewhere."""
    global _tracer
    if not settings.TRACES_EXPORTER:
        return
    try:
        from config.monitoring.traces.tracer import OpenTelemetryTracer
    except ModuleNotFoundError as error:
        if "opentelemetry" not in str(error.name):
            raise
        log.warning("tracing_not_installed", remedy="OTEL_… is set: run `.ci/install tracing`")
    else:
        _tracer = OpenTelemetryTracer()
        use_tracer(_tracer)


def start_now() -> None:
    """Begin before the first span of ours: another one may come first."""
    _tracer.start()


def stop_now() -> None:
    """Send what is left, where no exit handlers run."""
    _tracer.stop()
