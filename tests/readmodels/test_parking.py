"""What a projection cannot apply steps aside with its aggregate, and everything else goes on."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.core.management import CommandError
from django.db import ProgrammingError, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cqrs.consumers import Runner
from cqrs.parking import ATTEMPTS
from orders.events import OrderConfirmed, OrderCreated
from readmodels.builds import repartition
from readmodels.models import CustomerReadModel, OrderReadModel, ParkedEvent
from readmodels.projections import PROJECTIONS, customers, orders, runner
from readmodels.tasks import project
from tests.readmodels.built import projections
from tests.readmodels.log import Log

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])
ORDERS, CUSTOMERS, STOCK, *_ = PROJECTIONS


class Poison:
    """A handler with a bug that hits the events of some orders."""

    def __init__(self, handler: Callable[..., Any], *keys: Any) -> None:
        self.handler = handler
        self.keys = {str(key) for key in keys}

    def __call__(self, document: Any, event: Any) -> Any:
        if event.data["order_id"] in self.keys:
            raise KeyError("a bug")
        return self.handler(document, event)


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Poison]:
    def poison(handles: dict[str, Any], event_type: Any, *keys: Any) -> Poison:
        found = Poison(handles[event_type.wire_name], *keys)
        monkeypatch.setitem(handles, event_type.wire_name, found)
        return found

    return poison


def parked(consumer: str = "orders") -> list[tuple[int, int]]:
    rows = ParkedEvent.objects.filter(consumer=consumer).order_by("position")
    return list(rows.values_list("position", "attempts"))


class TestParking:
    def test_loses_nothing_of_a_batch_with_poison_in_the_middle(self, poisoned: Any) -> None:
        log = Log()
        keys = [log.order(log.customer()) for _ in range(21)]
        for key in keys:
            log.confirm(key)
        bad = keys[10]
        poison = poisoned(orders.HANDLES, OrderCreated, bad)
        log.projected()
        assert set(OrderReadModel.objects.values_list("id", flat=True)) == {*keys} - {bad}
        assert OrderReadModel.objects.filter(status="confirmed").count() == 20
        created, confirmed = (each.position for each in log.sequenced() if each.stream_id == bad)
        assert parked() == [(created, 1), (confirmed, 0)]
        assert min(runner.positions(ORDERS)) == 63

        poison.keys.clear()
        assert runner.retry(ORDERS, ("order", bad)) == 2
        assert OrderReadModel.objects.get(pk=bad).status == "confirmed"
        assert parked() == []

    def test_keeps_later_batches_of_the_aggregate_behind_and_lets_others_pass(
        self, poisoned: Any
    ) -> None:
        log = Log()
        buyer = log.customer()
        bad, good = log.order(buyer), log.order(buyer)
        log.projected()
        poisoned(orders.HANDLES, OrderConfirmed, bad)
        for step in (log.confirm, log.ship, log.deliver):
            step(bad)
            step(good)
            log.projected()
        assert OrderReadModel.objects.get(pk=good).status == "delivered"
        assert OrderReadModel.objects.get(pk=bad).status == "pending"
        assert [attempts for _, attempts in parked()] == [1, 0, 0]

    def test_keeps_sums_exact_when_the_rest_of_the_customer_goes_on(self, poisoned: Any) -> None:
        log = Log()
        buyer = log.customer()
        bad = log.order(buyer, total="5.00")
        poison = poisoned(customers.HANDLES, OrderCreated, bad)
        log.order(buyer, total="7.00")
        log.projected()
        log.rename(buyer, "Grace")
        log.cancel(bad)
        log.order(buyer, total="11.00")
        log.projected()
        row = CustomerReadModel.objects.get(pk=buyer)
        assert (row.name, row.order_count, row.totals) == ("Grace", 2, {"USD": "18.00"})
        poison.keys.clear()
        projections("parked", "retry", "customers")
        row = CustomerReadModel.objects.get(pk=buyer)
        assert (row.name, row.order_count, row.cancelled_count) == ("Grace", 3, 1)
        assert row.totals == {"USD": "18.00"}

    def test_brings_late_events_of_a_renamed_customers_order(self, poisoned: Any) -> None:
        """The rename moves the order's position past that of its parked event."""
        log = Log()
        buyer = log.customer("Ada")
        bad = log.order(buyer)
        log.projected()
        poison = poisoned(orders.HANDLES, OrderConfirmed, bad)
        log.confirm(bad)
        log.rename(buyer, "Grace")
        log.projected()
        poison.keys.clear()
        assert runner.retry(ORDERS, ("order", bad)) == 1
        row = OrderReadModel.objects.get(pk=bad)
        assert (row.status, row.customer_name, row.version) == ("confirmed", "Grace", 2)

    def test_parks_what_no_upcaster_can_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        log = Log()
        buyers = [log.customer() for _ in range(5)]
        events = log.sequenced()
        bad = events[2]
        upcast = "cqrs.feed.upcast"

        def broken(wire_name: str, version: int, data: Any) -> Any:
            if data["customer_id"] == str(bad.stream_id):
                raise ValueError("no such shape")
            return version, data

        monkeypatch.setattr(upcast, broken)
        runner.drain(CUSTOMERS)
        assert CustomerReadModel.objects.count() == len(buyers) - 1
        assert parked("customers") == [(3, 1)]

    def test_is_not_for_failures_that_no_event_causes(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log = Log()
        log.order(log.customer())
        log.sequenced()

        def no_table(_: Any) -> None:
            raise ProgrammingError("relation does not exist")

        monkeypatch.setattr(ORDERS, "apply", no_table)
        with pytest.raises(ExceptionGroup):
            runner.drain(*PROJECTIONS)
        assert ParkedEvent.objects.count() == 0
        assert min(runner.positions(ORDERS)) == 0
        assert min(runner.positions(CUSTOMERS)) == 2

    def test_keeps_pointers_and_no_copies(self, poisoned: Any) -> None:
        log = Log()
        key = log.order(log.customer("Ada Personal"))
        poisoned(orders.HANDLES, OrderCreated, key)
        log.projected()
        [row] = ParkedEvent.objects.values()
        assert "Personal" not in str(row)
        assert row["error"] == "KeyError: 'a bug'"


class TestRetry:
    def test_comes_by_itself_later_each_time_and_ends(self, poisoned: Any) -> None:
        log = Log()
        key = log.order(log.customer())
        poison = poisoned(orders.HANDLES, OrderCreated, key)
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
        assert OrderReadModel.objects.count() == 0, "it waits for somebody now"
        projections("parked", "retry")
        assert OrderReadModel.objects.count() == 1

    def test_is_applied_by_the_sweep_when_the_bug_is_fixed(self, poisoned: Any) -> None:
        log = Log()
        key = log.order(log.customer())
        poison = poisoned(orders.HANDLES, OrderCreated, key)
        log.confirm(key)
        log.projected()
        poison.keys.clear()
        ParkedEvent.objects.exclude(retry_at=None).update(retry_at=timezone.now())
        project()
        assert OrderReadModel.objects.get().status == "confirmed"
        assert parked() == []

    def test_drains_what_waits_for_another_aggregate(self, monkeypatch: pytest.MonkeyPatch) -> None:
        registered = customers.HANDLES["customers.customer_registered"]

        def broken(*_: Any) -> None:
            raise KeyError("a bug")

        monkeypatch.setitem(customers.HANDLES, "customers.customer_registered", broken)
        log = Log()
        buyer = log.customer()
        log.confirm(log.order(buyer))
        log.order(buyer)
        log.projected()
        assert len(parked("customers")) == 3  # the customer and two orders: confirming is no matter
        monkeypatch.setitem(customers.HANDLES, "customers.customer_registered", registered)
        assert "3 event(s) applied, 0 still parked" in projections("parked", "retry")
        assert CustomerReadModel.objects.get().order_count == 2


class TestCommands:
    @pytest.fixture
    def bad(self, poisoned: Any) -> Any:
        log = Log()
        keys = [log.order(log.customer()) for _ in range(2)]
        poisoned(orders.HANDLES, OrderCreated, *keys)
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

    def test_discard_wants_to_be_told_which(self, bad: Any) -> None:
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


class TestPartitions:
    def test_share_the_work_and_keep_each_aggregate_in_order(self) -> None:
        log = Log()
        for _ in range(40):
            log.confirm(log.order(log.customer()))
        log.sequenced()
        assert [place.partitions for place in runner.places(ORDERS)] == [4] * 4
        runner.drain(ORDERS)
        assert OrderReadModel.objects.filter(status="confirmed").count() == 40

    @pytest.mark.parametrize("partitions", [1, 3, 8, 256])
    def test_change_their_number_and_lose_nothing(self, partitions: int) -> None:
        log = Log()
        keys = [log.order(log.customer()) for _ in range(30)]
        log.sequenced()
        small = Runner(runner.partitions.model, ParkedEvent, "replica", batch=5)
        small._round([ORDERS], {})  # some partitions are farther than others
        for key in keys:
            log.confirm(key)
        log.sequenced()
        said = projections("repartition", "orders", "--partitions", str(partitions))
        assert f"orders: {partitions} partition(s)" in said
        for key in keys:
            log.ship(key)
        log.sequenced()
        runner.drain(*PROJECTIONS)
        assert runner.positions(ORDERS) == [120] * partitions
        assert OrderReadModel.objects.filter(status="shipped", version=3).count() == 30
        assert ParkedEvent.objects.count() == 0
        projections("repartition")
        assert runner.positions(ORDERS) == [120] * 4

    def test_are_refused_out_of_range(self) -> None:
        for number in ("0", "257"):
            with pytest.raises(CommandError, match="1 to 256"):
                projections("repartition", "--partitions", number)

    def test_near_the_head_one_read_of_the_feed_serves_all(self) -> None:
        log = Log()
        log.order(log.customer())
        log.projected()
        log.order(log.customer())
        log.sequenced()
        with CaptureQueriesContext(connections["default"]) as on_default:
            runner.drain(*PROJECTIONS)
        reads = [query for query in on_default if "JOIN event" in query["sql"]]
        assert len(reads) == 1

    def test_are_one_where_rows_gather_from_everywhere(self) -> None:
        sales = next(each for each in PROJECTIONS if each.name == "sales")
        assert "stays 1" in projections("repartition", "sales", "--partitions", "4")
        with pytest.raises(ValueError, match="gathers over all"):
            repartition(sales, 4)
        assert len(runner.places(sales)) == 1
