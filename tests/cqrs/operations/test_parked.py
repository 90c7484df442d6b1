"""What is parked is tried again by itself, then by an operator, or discarded."""

import io
import threading
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.core.management import CommandError
from django.db import transaction
from django.utils import timezone

from cqrs.consumers.parking import ATTEMPTS
from cqrs.messaging.ids import uuid7
from cqrs.projections.models import ParkedEvent
from cqrs.projections.registry import runner
from orders.events import OrderCreated
from readmodels.models import CustomerReadModel, OrderReadModel
from readmodels.projections import orders
from readmodels.projections.first_versions import CustomersV1
from readmodels.tasks import project
from tests.support.blocked import wait_until_blocked
from tests.support.built import projections
from tests.support.kernel_settings import cqrs
from tests.support.log import Log
from tests.support.poison import parked
from tests.support.threads import together

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures("no_reactions"),
]


class TestRetry:
    def test_comes_by_itself_later_each_time_and_ends(self, poisoned: Any) -> None:
        log = Log()
        key = log.order(log.customer())
        poison = poisoned(orders.HANDLERS, OrderCreated, key)
        log.sequenced()
        project()
        waits = []
        while (row := ParkedEvent.objects.get()).retry_at is not None:
            waits.append((row.retry_at - timezone.now()).total_seconds())
            ParkedEvent.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
            project()
        assert [round(wait) for wait in waits] == [1, 4, 16, 64, 256]
        assert parked() == [(2, ATTEMPTS)]
        poison.keys.clear()
        project()
        assert OrderReadModel.objects.count() == 0, "it waits for an operator now"
        projections("parked", "retry")
        assert OrderReadModel.objects.count() == 1

    def test_is_applied_by_the_sweep_when_the_bug_is_fixed(self, poisoned: Any) -> None:
        log = Log()
        key = log.order(log.customer())
        poison = poisoned(orders.HANDLERS, OrderCreated, key)
        log.confirm(key)
        log.projected()
        poison.keys.clear()
        ParkedEvent.objects.exclude(retry_at=None).update(retry_at=timezone.now())
        project()
        assert OrderReadModel.objects.get().status == "confirmed"
        assert parked() == []

    def test_drains_what_waits_for_another_aggregate(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Version 1 counts the orders in their customer's row."""
        with cqrs(PROJECTIONS=["readmodels.projections.EARLIER_VERSIONS"], EVENT_SCHEMAS_DIR=None):
            with monkeypatch.context() as patch:
                registered = "customers.customer_registered"
                patch.setitem(CustomersV1.handlers, registered, lambda *_: 1 / 0)
                log = Log()
                buyer = log.customer()
                log.confirm(log.order(buyer))
                log.order(buyer)
                log.published()
                project()
            # the customer and two orders: confirming is no matter
            assert len(parked("customers")) == 3
            assert "3 event(s) applied, 0 still parked" in projections("parked", "retry")
        assert CustomerReadModel.objects.get().order_count == 2


class TestCommands:
    @pytest.fixture
    def bad(self, poisoned: Any) -> Any:
        log = Log()
        keys = [log.order(log.customer()) for _ in range(2)]
        poisoned(orders.HANDLERS, OrderCreated, *keys)
        for key in keys:
            log.confirm(key)
        log.projected()
        return keys

    def test_list_and_status_name_them(self, bad: Any) -> None:
        said = projections("parked", "list")
        for text in (*map(str, bad), "orders.order_created", "KeyError", "waits behind"):
            assert text in said
        listed = orjson.loads(projections("parked", "list", "orders", "--json"))
        assert [row["attempts"] for row in listed] == [1, 1, 0, 0]
        output = io.StringIO()
        with pytest.raises(CommandError, match="orders has 4 parked events"):
            projections("status", "--json", output=output)
        found = orjson.loads(output.getvalue())["projections"][0]
        assert (found["projection"], found["parked"], found["state"]) == ("orders", 4, "parked")
        assert 0 <= found["parked_oldest_seconds"] < 60

    def test_retry_says_what_is_left(self, bad: Any) -> None:
        with pytest.raises(CommandError, match=r"4 event\(s\) are still parked"):
            projections("parked", "retry")

    def test_discard_needs_to_know_which(self, bad: Any) -> None:
        with pytest.raises(CommandError, match="--all"):
            projections("parked", "discard")
        with pytest.raises(CommandError, match="id of an event"):
            projections("parked", "discard", "--event", "x")
        first = ParkedEvent.objects.order_by("position").first()
        assert "1 event(s) discarded" in projections(
            "parked", "discard", "--event", str(first.event_id)
        )
        assert len(parked()) == 3
        projections("parked", "discard", "--all")
        assert parked() == []

    def test_discard_of_all_says_when_there_was_none(self) -> None:
        assert projections("parked", "discard", "--all") == "There is no parked event\n"
        assert projections("parked", "discard", "orders", "--all") == "There is no parked event\n"

    @pytest.mark.parametrize("action", ["retry", "discard"])
    def test_act_on_no_event_when_one_of_them_is_not_there(self, bad: Any, action: str) -> None:
        first, unknown, before = ParkedEvent.objects.earliest("position"), str(uuid7()), parked()
        reason = f"These events are not parked, and nothing was done: {unknown}$"
        with pytest.raises(CommandError, match=reason):
            projections("parked", action, "--event", str(first.event_id), "--event", unknown)
        with pytest.raises(CommandError, match=str(first.event_id)):
            projections("parked", action, "stock", "--event", str(first.event_id))
        assert parked() == before


class TestDiscard:
    def test_waits_for_a_worker_that_holds_the_partition(self, poisoned: Any) -> None:
        """The worker may be about to queue an event behind the one that is discarded."""
        log = Log()
        poisoned(orders.HANDLERS, OrderCreated, log.order(log.customer()))
        log.projected()
        held = threading.Event()

        def hold() -> list[Any]:
            with transaction.atomic(using="replica"):
                runner.partitions.lock(["orders"])
                held.set()
                wait_until_blocked("replica")
                return parked()

        def discard() -> None:
            assert held.wait(30)
            projections("parked", "discard", "--all")

        assert together(hold, discard)[0] == [(2, 1)]
        assert parked() == []
