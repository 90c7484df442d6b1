"""Verifying finds what was done to the read models by hand, names it and mends it."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connections
from structlog.testing import capture_logs

from cqrs.models import EventRecord
from cqrs.projections.models import ProjectionCheckpoint
from cqrs.rebuild.verify import verify
from orders.models import Order
from readmodels.models import CustomerReadModel, OrderReadModel
from readmodels.projections import PROJECTIONS
from readmodels.tasks import verify_sample
from tests.support.built import filled, nothing_is_left, projections
from tests.support.scenarios import order

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__),
    pytest.mark.postgresql_version,
]
ORDERS, CUSTOMERS, STOCK, *_ = PROJECTIONS


@pytest.fixture
def no_write_side(settings: Any) -> None:
    """The log of most tests here has no write side that could agree with it."""
    settings.CQRS = {**settings.CQRS, "AUDITS": []}


def rows() -> list[dict[str, Any]]:
    models = (OrderReadModel, CustomerReadModel)
    return [row for model in models for row in model.objects.order_by("id").values()]


@pytest.mark.usefixtures("no_write_side")
class TestVerify:
    def test_finds_and_repairs_what_was_done_by_hand(self) -> None:
        log = filled()
        before = rows()
        changed, deleted = OrderReadModel.objects.order_by("id").values_list("id", flat=True)[:2]
        OrderReadModel.objects.filter(pk=changed).update(status="delivered")
        OrderReadModel.objects.filter(pk=deleted).delete()
        invented = CustomerReadModel.objects.first()
        invented.pk = log._new_key()
        invented.save(force_insert=True)
        spoilt, output = rows(), io.StringIO()
        with pytest.raises(CommandError, match=r"^3 difference\(s\) .*--repair$"):
            projections("verify", output=output)
        said = output.getvalue()
        assert f"read_orders {changed}: changed: status stored <text>, logged <other text>" in said
        assert f"read_orders {deleted}: missing" in said
        assert f"read_customers {invented.pk}: invented" in said
        assert rows() == spoilt
        output = io.StringIO()
        with pytest.raises(CommandError):
            projections("verify", "--json", output=output)
        found = json.loads(output.getvalue())
        assert (found["bypassing"], found["repaired"]) == ([], False)
        assert [key for key, drifts in found["differences"].items() if drifts] == [
            "orders",
            "customers",
        ]
        assert "3 repaired" in projections("verify", "--repair")
        assert rows() == before
        assert "Everything agrees" in projections("verify")

    def test_repairs_tables_that_were_emptied(self) -> None:
        filled()
        before = rows()
        OrderReadModel.objects.all().delete()
        CustomerReadModel.objects.all().delete()
        assert "60 repaired" in projections("verify", "--repair")
        assert rows() == before

    def test_looks_only_at_what_is_named(self) -> None:
        filled()
        CustomerReadModel.objects.all().delete()
        assert "Everything agrees" in projections("verify", "orders", "stock")

    def test_looks_at_a_part_and_finds_what_is_wrong_in_it(self) -> None:
        filled()
        first = OrderReadModel.objects.order_by("id").first()
        OrderReadModel.objects.exclude(pk=first.pk).delete()
        OrderReadModel.objects.update(currency="XXX")
        every = {str(drift.key) for drift in verify(ORDERS, lambda *_: None)}
        assert len(every) == 30
        seen: set[str] = set()
        for _ in range(200):
            part = {str(drift.key) for drift in verify(ORDERS, lambda *_: None, parts=8)}
            assert part < every
            seen |= part
            if seen == every:
                return
        raise AssertionError("some part was never looked at")

    def test_leaves_no_table_behind(self) -> None:
        filled()
        projections("verify")
        with connections["replica"].cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'read_check'")
            assert cursor.fetchall() == []
        consumers = ProjectionCheckpoint.objects.values_list("consumer", flat=True)
        assert set(consumers) == {projection.name for projection in PROJECTIONS}

    def test_goes_on_beside_events_that_come_meanwhile(self) -> None:
        log = filled()

        def meanwhile(phase: str, *_: int) -> None:
            if phase == "comparing rows":
                log.order(log.customer("Late"))
                log.projected()

        assert list(verify(ORDERS, meanwhile)) == []

    def test_runs_nightly_and_logs_what_differs_without_its_values(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        filled()
        monkeypatch.setattr("readmodels.tasks.NIGHTLY_PARTS", 1)
        CustomerReadModel.objects.filter(name="Customer 3").update(email="secret@example.com")
        with capture_logs() as logs:
            verify_sample()
        [found] = [line for line in logs if line["log_level"] == "error"]
        assert (found["event"], found["table"], found["kind"]) == (
            "drift_found", "read_customers", "changed"
        )  # fmt: skip
        assert "secret" not in str(found)


@pytest.mark.bypasses_events
class TestBypass:
    def test_is_named_and_left_to_people(self) -> None:
        key = order()
        projections("run", "--until-caught-up")
        Order.objects.filter(pk=key).update(status="shipped")
        output = io.StringIO()
        with pytest.raises(CommandError, match="1 write"):
            projections("verify", "--repair", output=output)
        assert f"order {key}" in output.getvalue()
        assert Order.objects.get(pk=key).status == "shipped"
        assert OrderReadModel.objects.get(pk=key).status == "pending"
        assert EventRecord.objects.filter(stream_id=key).count() == 1
