"""Requests are counted by the name of their route."""

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from config.serve.front.refusals import BUSY
from cqrs.metrics import COUNTED
from tests.support.api import bearer
from tests.support.counted import counted_more

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
REQUESTS = "cqrs_http_requests_total"


def routes() -> set[str]:
    return {
        sample.labels["route"]
        for family in COUNTED.collect()
        for sample in family.samples
        if sample.name == REQUESTS
    }


class TestRequests:
    @pytest.mark.parametrize(
        ("path", "route", "status"),
        [
            ("/api/orders", "order-list", "200"),
            ("/api/orders?page=0", "order-list", "400"),
            ("/api/orders/018f0000-0000-7000-8000-000000000000", "order-detail", "404"),
            ("/api/orders/no-uuid", "none", "404"),
            ("/admin/login/", "admin:login", "200"),
        ],
    )
    def test_are_counted_by_route_method_and_status(
        self, client: Client, path: str, route: str, status: str
    ):
        one = counted_more(REQUESTS, route=route, method="GET", status=status)
        timed = counted_more("cqrs_http_request_duration_seconds_count", route=route, method="GET")
        assert client.get(path, headers=bearer("ada")).status_code == int(status)
        assert (one(), timed()) == (1, 1)

    def test_add_no_label_value_by_their_path_or_method(self, client: Client):
        client.get("/api/orders", headers=bearer("ada"))
        client.get("/nothing")
        before = routes()
        for number in range(20):
            client.get(f"/api/nothing/{number}")
            client.get(f"/api/orders/018f0000-0000-7000-8000-{number:012}", headers=bearer("ada"))
        other = counted_more(REQUESTS, route="order-list", method="other", status="405")
        client.generic("BREW", "/api/orders", headers=bearer("ada"))
        assert other() == 1
        assert routes() - before <= {"order-detail", "none"}

    def test_leave_probes_and_scrapes_out(self, client: Client):
        client.get("/health/live")
        client.get("/metrics")
        assert not routes() & {"health", "metrics", "config.monitoring.metrics.metrics"}

    def test_of_every_route_of_the_api_are_there_before_the_first_failure(self, client: Client):
        text = client.get("/metrics").content.decode()
        failures = {
            (sample.labels["route"], sample.labels["method"])
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == REQUESTS and sample.labels["status"] == "503"
        }
        assert {
            ("order-list", "GET"),
            ("order-list", "POST"),
            ("order-confirm", "POST"),
        } <= failures


class _Connection:
    """Takes the answer of a refusal."""

    method, path, query_string, http_version, scheme = "POST", "/api/orders", "", "1.1", "http"
    server, client = "127.0.0.1:8000", "127.0.0.1:9"
    headers: dict[str, str] = {}
    status = 0

    def response_bytes(self, status: int, *_: object) -> None:
        self.status = status


class TestRefusals:
    def test_are_counted_by_share_and_as_requests_without_a_route(self):
        refused = counted_more("desk_web_refused_requests_total", share="writes", code="busy")
        one = counted_more(REQUESTS, route="none", method="POST", status="503")
        connection = _Connection()
        BUSY.answer(connection, connection)
        assert (connection.status, refused(), one()) == (503, 1, 1)
