"""A worker serves what it counts on a port of its own."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from config.database.embedded.ports import free_port
from cqrs.metrics import THROTTLED
from cqrs.operations import exporter
from cqrs.operations.exporter import serve_metrics
from tests.support.kernel_settings import cqrs


@pytest.fixture(autouse=True)
def _stopped() -> Iterator[None]:
    yield
    if serve_metrics.cache_info().currsize and (server := serve_metrics()):
        server.shutdown()
        server.server_close()
    serve_metrics.cache_clear()


def scrape(port: int, **headers: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{port}/metrics", headers=headers)


def names(text: str) -> set[str]:
    return {family.name for family in text_string_to_metric_families(text)}


class TestServeMetrics:
    def test_serves_what_is_counted_and_asks_no_database(self):
        port = free_port()
        with cqrs(METRICS_PORT=port):
            server: Any = serve_metrics()
        THROTTLED["read",].inc()
        answer = scrape(port)
        assert answer.status_code == 200
        assert server.server_address[0] == "127.0.0.1"
        found = names(answer.text)
        assert {"cqrs_throttled_requests", "cqrs_reaction_attempts"} <= found
        assert "cqrs_up" not in found

    def test_asks_for_the_token_where_there_is_one(self):
        port = free_port()
        with cqrs(METRICS_PORT=port, METRICS_TOKEN="right"):
            server: Any = serve_metrics()
        assert server.server_address[0] == "0.0.0.0"
        assert scrape(port).status_code == 401
        refused = scrape(port, Authorization="Bearer wrong")
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == 'Bearer realm="metrics"'
        assert scrape(port, Authorization="Bearer right").status_code == 200

    def test_serves_nothing_without_a_port(self):
        with cqrs(METRICS_PORT=0):
            assert serve_metrics() is None

    def test_takes_the_next_port_when_another_process_has_it(self, first: Any):
        with cqrs(METRICS_PORT=first.server_port):
            second: Any = serve_metrics()
        assert first.server_port < second.server_port < first.server_port + exporter.PORTS
        assert scrape(second.server_port).status_code == 200

    def test_goes_on_without_a_free_port(self, first: Any, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(exporter, "PORTS", 1)
        with cqrs(METRICS_PORT=first.server_port), capture_logs() as logs:
            assert serve_metrics() is None
        served = [log["event"] for log in logs if log["event"].startswith("metrics_")]
        assert served == ["metrics_not_served"]

    @pytest.fixture
    def first(self) -> Iterator[Any]:
        """Serve as another process would."""
        with cqrs(METRICS_PORT=free_port()):
            server: Any = serve_metrics()
        serve_metrics.cache_clear()
        yield server
        server.shutdown()
        server.server_close()
