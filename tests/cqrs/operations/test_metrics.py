"""What the kernel reports to Prometheus."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from prometheus_client import Metric

from cqrs.adoption.parking import park
from cqrs.event_log.events import event_types
from cqrs.messaging.bus import handlers
from cqrs.messaging.ids import uuid7
from cqrs.models import Pending
from cqrs.operations import metrics
from cqrs.reactions.registry import reactions
from readmodels.projections import PROJECTIONS, orders
from tests.support.kernel_settings import cqrs
from tests.support.log import Log

pytestmark = [
    pytest.mark.django_db(databases=["default", "replica"]),
    pytest.mark.bypasses_events,
]
LABELS = (
    "message", "projection", "reaction", "partition", "event", "database", "kind", "outcome"
)  # fmt: skip


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

    def test_report_what_waits_for_a_person(self) -> None:
        parked = [("customer", uuid7()), ("order", None)]
        for stream_type, key in parked:
            park(stream_type, key, "a changed key")
        found = collected()
        assert found["cqrs_adoption_parked_changes"] == {(): len(parked)}
        assert 0 <= found["cqrs_adoption_parked_oldest_seconds"][()] < 60

    def test_report_the_connections_of_both_servers(self) -> None:
        found = collected()
        for used, admitted in zip(
            found["cqrs_database_connections"].values(),
            found["cqrs_database_max_connections"].values(),
            strict=True,
        ):
            assert 0 < used <= admitted

    def test_begin_at_zero(self) -> None:
        """A rate needs the value before the first event."""
        found = collected()
        attempts = {(each.name, outcome) for each in reactions() for outcome in ("done", "failed")}
        assert attempts <= found["cqrs_reaction_attempts"].keys()
        events = {(each.__name__,) for each in event_types().values()}
        assert events <= found["cqrs_events_published"].keys()
        assert events <= found["cqrs_event_committed_failures"].keys()
        for message in handlers():
            for outcome in ("ok", "exception", "invalid"):
                assert any(
                    labels[0] == message.__name__ and labels[-1] == outcome
                    for labels in found["cqrs_messages"]
                )

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
