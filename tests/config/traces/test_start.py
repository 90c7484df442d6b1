"""OpenTelemetry refuses some variables only when it starts: the process goes on untraced."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from structlog.testing import capture_logs

from config.monitoring.traces.tracer import OpenTelemetryTracer
from cqrs.messaging.tracing import NOTHING, Tracer, span, traceparent, use_tracer, work
from readmodels.tasks import project
from tests.http.api import Api

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])


@pytest.fixture
def tracer(settings: Any) -> Iterator[OpenTelemetryTracer]:
    """Trace as the settings say."""
    settings.TRACES_EXPORTER = "console"
    found = OpenTelemetryTracer()
    use_tracer(found)
    yield found
    use_tracer(Tracer())


@pytest.mark.parametrize(
    ("variable", "value", "text"),
    [
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096", "less than or equal to max_queue_size"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "x", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"),
    ],
)
class TestStart:
    @pytest.fixture(autouse=True)
    def _set(self, variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(variable, value)

    def test_with_a_wrong_variable_says_so_once_and_traces_nothing(
        self, tracer: OpenTelemetryTracer, client: Client, text: str
    ) -> None:
        api = Api(client)
        body = {"name": "Ada", "email": "ada@example.com"}
        with capture_logs() as logs:
            registered = api.post("/api/customers", body)
            project()
            assert registered.status_code == 201
            assert api.get(f"/api/customers/{registered.json()['id']}").status_code == 200
        [line] = [line for line in logs if line["event"] == "tracing_not_started"]
        assert (line["log_level"], line["reason"]) == ("error", "ValueError")
        assert text in line["error"]
        assert (span("more"), work("more"), traceparent()) == (NOTHING, NOTHING, None)
