"""Who may see the metrics."""

from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from tests.http.api import assert_problem

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


class TestMetrics:
    def test_are_served_in_the_format_of_prometheus(self, client: Client) -> None:
        answer = client.get("/metrics")
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain; version=")
        families = text_string_to_metric_families(answer.content.decode())
        samples = {family.name: [each.value for each in family.samples] for family in families}
        assert samples["cqrs_up"] == [1]


class TestAccess:
    @pytest.mark.parametrize(
        ("address", "authorization", "status"),
        [
            ("127.0.0.1", None, 401),
            ("127.0.0.1", "Bearer wrong", 401),
            ("127.0.0.1", "Bearer right", 200),
            ("192.0.2.1", "Bearer right", 200),
            ("192.0.2.1", "bearer right", 200),
            ("192.0.2.1", "Basic right", 401),
            ("192.0.2.1", "right", 401),
            ("192.0.2.1", "Bearer wrong", 401),
            ("192.0.2.1", "Bearer ", 401),
        ],
    )
    def test_needs_the_token_from_everywhere_where_one_is_set(
        self,
        client: Client,
        settings: Any,
        address: str,
        authorization: str | None,
        status: int,
    ) -> None:
        settings.METRICS_TOKEN = "right"
        headers = {"Authorization": authorization} if authorization else {}
        answer = client.get("/metrics", REMOTE_ADDR=address, headers=headers)
        assert answer.status_code == status

    def test_says_which_token_it_needs(self, client: Client, settings: Any) -> None:
        settings.METRICS_TOKEN = "right"
        answer = client.get("/metrics")
        assert_problem(answer, 401, "not_authenticated")
        assert answer["WWW-Authenticate"] == 'Bearer realm="metrics"'

    @pytest.mark.parametrize(
        ("address", "status"),
        [
            ("127.0.0.1", 200),
            ("127.9.9.9", 200),
            ("::1", 200),
            ("::ffff:127.0.0.1", 200),
            ("192.0.2.1", 403),
            ("127.example.com", 403),
            ("", 403),
        ],
    )
    def test_is_for_this_machine_alone_without_a_token(
        self, client: Client, address: str, status: int
    ) -> None:
        answer = client.get("/metrics", REMOTE_ADDR=address, headers={"Authorization": "Bearer "})
        assert answer.status_code == status

    @pytest.mark.parametrize(
        "header",
        [
            "Forwarded",
            "Via",
            "X-Real-IP",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Forwarded-Proto",
            "X-Forwarded-Port",
        ],
    )
    def test_is_closed_to_what_a_proxy_on_this_machine_forwards(
        self, client: Client, header: str
    ) -> None:
        assert client.get("/metrics", headers={header: "x"}).status_code == 403


class TestMonitoring:
    @pytest.mark.parametrize(
        "address", ["/health/live", "/health/ready", "/health/startup", "/metrics"]
    )
    def test_answers_without_tls_and_under_any_name(
        self, client: Client, settings: Any, address: str
    ) -> None:
        settings.SECURE_SSL_REDIRECT = True
        settings.ALLOWED_HOSTS = ["shop.example.com"]
        answer = client.get(address, headers={"Host": "10.0.0.7:8000"})
        assert answer.status_code == 200
        assert answer["X-Request-Id"]
        refused = client.post(address, headers={"Host": "10.0.0.7"})
        assert_problem(refused, 405, "method_not_allowed")
        assert refused["Allow"] == "GET, HEAD"

    @pytest.mark.parametrize("address", ["/health", "/metrics/", "/api/orders", "/"])
    def test_leaves_all_else_to_tls_and_the_right_name(
        self, client: Client, settings: Any, address: str
    ) -> None:
        settings.SECURE_SSL_REDIRECT = True
        settings.ALLOWED_HOSTS = ["shop.example.com"]
        assert client.get(address, headers={"Host": "shop.example.com"}).status_code == 301
        assert client.get(address, headers={"Host": "10.0.0.7"}).status_code == 400
