"""What Prometheus sees, and who may see it."""

from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from cqrs.models import Pending
from readmodels.projections import PROJECTIONS, orders
from tests.support.log import Log

pytestmark = [
    pytest.mark.django_db(databases=["default", "replica"]),
    pytest.mark.bypasses_events,
]
LABELS = ("projection", "partition")


def scraped(client: Client, **headers: Any) -> dict[str, dict[tuple[str, ...], float]]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    return {
        family.name: {
            tuple(sample.labels[each] for each in LABELS if each in sample.labels): sample.value
            for sample in family.samples
        }
        for family in text_string_to_metric_families(answer.content.decode())
    }


class TestMetrics:
    def test_tell_lag_and_position_of_every_partition(self, client: Client) -> None:
        log = Log()
        log.order(log.customer())
        log.projected()
        log.customer()
        log.sequenced()
        found = scraped(client)
        keys = {
            (each.name, str(number)) for each in PROJECTIONS for number in range(each.partitions)
        }
        for name in ("position", "lag_events", "lag_seconds"):
            assert set(found[f"order_desk_projection_{name}"]) == keys
        assert set(found["order_desk_projection_position"].values()) == {2}
        assert set(found["order_desk_projection_lag_events"].values()) == {1}
        assert found["order_desk_feed_head"] == {(): 3}
        assert found["order_desk_up"] == {(): 1}

    def test_tell_a_sequencer_that_does_not_sequence(self, client: Client) -> None:
        log = Log()
        log.customer()
        log.published()
        found = scraped(client)
        assert found["order_desk_pending_events"] == {(): Pending.objects.count()}
        assert found["order_desk_sequencer_oldest_pending_seconds"][()] > 0

    def test_tell_what_is_parked(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: Any) -> None:
            raise KeyError("a bug")

        monkeypatch.setitem(orders.HANDLERS, "orders.order_created", broken)
        log = Log()
        log.confirm(log.order(log.customer()))
        log.projected()
        found = scraped(client)
        assert found["order_desk_projection_parked_events"][("orders",)] == 2
        assert found["order_desk_projection_parked_oldest_seconds"][("orders",)] > 0
        assert found["order_desk_projection_parked_events"][("customers",)] == 0


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

    def test_no_token_opens_it_to_nobody(self, client: Client) -> None:
        answer = client.get(
            "/metrics", REMOTE_ADDR="192.0.2.1", headers={"Authorization": "Bearer "}
        )
        assert answer.status_code == 403
