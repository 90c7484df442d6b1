"""Who may see the metrics."""

from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

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
        ("address", "headers", "status"),
        [
            ("127.0.0.1", {}, 200),
            ("::1", {}, 200),
            ("192.0.2.1", {}, 403),
            ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, 403),
            ("192.0.2.1", {"Authorization": "Bearer right"}, 200),
            ("192.0.2.1", {"Authorization": "Bearer wrong"}, 403),
            ("192.0.2.1", {"Authorization": "Bearer "}, 403),
        ],
    )
    def test_is_for_this_machine_and_who_knows_the_token(
        self, client: Client, settings: Any, address: str, headers: Any, status: int
    ) -> None:
        settings.METRICS_TOKEN = "right"
        answer = client.get("/metrics", REMOTE_ADDR=address, headers=headers)
        assert answer.status_code == status

    def test_is_closed_without_a_token(self, client: Client) -> None:
        answer = client.get(
            "/metrics", REMOTE_ADDR="192.0.2.1", headers={"Authorization": "Bearer "}
        )
        assert answer.status_code == 403
