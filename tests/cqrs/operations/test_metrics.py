"""What the kernel reports to Prometheus."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from prometheus_client import Metric

from cqrs.event_log import signals
from cqrs.models import Pending
from cqrs.operations import metrics
from readmodels.projections import PROJECTIONS, orders
from tests.support.kernel_settings import cqrs
from tests.support.log import Log

pytestmark = [
    pytest.mark.django_db(databases=["default", "replica"]),
    pytest.mark.bypasses_events,
]
LABELS = ("projection", "partition", "event")


def collected() -> dict[str, dict[tuple[str, ...], float]]:
    families: Iterator[Metric] = metrics.registry().collect()  # type: ignore[assignment]
    return {
        family.name: {
            tuple(sample.labels[each] for each in LABELS if each in sample.labels): sample.value
            for sample in family.samples
        }
        for family in families
    }


class TestMetrics:
    def test_report_lag_and_position_of_every_partition(self) -> None:
        log = Log()
        log.order(log.customer())
        log.projected()
        log.customer()
        log.sequenced()
        found = collected()
        keys = {
            (each.name, str(number)) for each in PROJECTIONS for number in range(each.partitions)
        }
        for name in ("position", "lag_events", "lag_seconds"):
            assert set(found[f"cqrs_projection_{name}"]) == keys
        assert set(found["cqrs_projection_position"].values()) == {2}
        assert set(found["cqrs_projection_lag_events"].values()) == {1}
        assert found["cqrs_feed_head"] == {(): 3}
        assert found["cqrs_up"] == {(): 1}

    def test_report_a_sequencer_that_does_not_sequence(self) -> None:
        log = Log()
        log.customer()
        log.published()
        found = collected()
        assert found["cqrs_pending_events"] == {(): Pending.objects.count()}
        assert found["cqrs_sequencer_oldest_pending_seconds"][()] > 0

    def test_report_what_is_parked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: Any) -> None:
            raise KeyError("a bug")

        monkeypatch.setitem(orders.HANDLERS, "orders.order_created", broken)
        log = Log()
        log.confirm(log.order(log.customer()))
        log.projected()
        found = collected()
        assert found["cqrs_projection_parked_events"][("orders",)] == 2
        assert found["cqrs_projection_parked_oldest_seconds"][("orders",)] > 0
        assert found["cqrs_projection_parked_events"][("customers",)] == 0

    def test_report_receivers_that_failed_after_the_commit(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(signals, "committed_failures", Counter({"OrderCreated": 3}))
        assert collected()["cqrs_event_committed_failures"] == {("OrderCreated",): 3}

    def test_do_without_any_projection(self) -> None:
        Log().customer()
        with cqrs(PROJECTIONS=()):
            found = collected()
        assert found["cqrs_feed_head"] == {(): 0}
        assert found["cqrs_projection_position"] == {}

    @pytest.mark.django_db(transaction=True, databases=["default", "replica"])
    def test_report_a_database_that_cannot_be_reached(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setitem(connection.settings_dict, "PORT", "1")
            connection.close()
            found = collected()
        connection.close()
        assert found["cqrs_up"] == {(): 0}
        assert "cqrs_feed_head" not in found
