"""What a projection cannot apply steps aside with its aggregate, and everything else goes on."""

from typing import Any

import pytest
from django.db import ProgrammingError

from cqrs.projections.models import ParkedEvent
from cqrs.projections.registry import runner
from orders.events import OrderConfirmed, OrderCreated
from readmodels.models import CustomerReadModel, OrderReadModel
from readmodels.projections import PROJECTIONS, customers, orders
from tests.support.built import projections
from tests.support.kernel_settings import cqrs
from tests.support.log import Log
from tests.support.poison import parked

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])
ORDERS, CUSTOMERS, *_ = PROJECTIONS


def upcast(data: dict[str, Any]) -> dict[str, Any]:
    if data["name"] == "unreadable":
        raise ValueError("no such shape")
    return data


UPCASTERS = {("customers.customer_registered", 1): upcast}


class TestParking:
    def test_loses_nothing_of_a_batch_with_poison_in_the_middle(self, poisoned: Any) -> None:
        log = Log()
        keys = [log.order(log.customer()) for _ in range(21)]
        for key in keys:
            log.confirm(key)
        bad = keys[10]
        poison = poisoned(orders.HANDLERS, OrderCreated, bad)
        log.projected()
        assert set(OrderReadModel.objects.values_list("id", flat=True)) == {*keys} - {bad}
        assert OrderReadModel.objects.filter(status="confirmed").count() == 20
        created, confirmed = (each.position for each in log.sequenced() if each.stream_id == bad)
        assert parked() == [(created, 1), (confirmed, 0)]
        assert min(runner.positions(ORDERS)) == 63

        poison.keys.clear()
        assert runner.retries.retry(ORDERS, ("order", bad)) == 2
        assert OrderReadModel.objects.get(pk=bad).status == "confirmed"
        assert parked() == []

    def test_keeps_later_batches_of_the_aggregate_behind_and_lets_others_pass(
        self, poisoned: Any
    ) -> None:
        log = Log()
        buyer = log.customer()
        bad, good = log.order(buyer), log.order(buyer)
        log.projected()
        poisoned(orders.HANDLERS, OrderConfirmed, bad)
        for step in (log.confirm, log.ship, log.deliver):
            step(bad)
            step(good)
            log.projected()
        assert OrderReadModel.objects.get(pk=good).status == "delivered"
        assert OrderReadModel.objects.get(pk=bad).status == "pending"
        assert [attempts > 0 for _, attempts in parked()] == [True, False, False]

    def test_keeps_sums_exact_when_the_rest_of_the_customer_goes_on(self, poisoned: Any) -> None:
        log = Log()
        buyer = log.customer()
        bad = log.order(buyer, total="5.00")
        poison = poisoned(customers.HANDLERS, OrderCreated, bad)
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
        poison = poisoned(orders.HANDLERS, OrderConfirmed, bad)
        log.confirm(bad)
        log.rename(buyer, "Grace")
        log.projected()
        poison.keys.clear()
        assert runner.retries.retry(ORDERS, ("order", bad)) == 1
        row = OrderReadModel.objects.get(pk=bad)
        assert (row.status, row.customer_name, row.version) == ("confirmed", "Grace", 2)

    def test_parks_what_no_upcaster_can_read(self) -> None:
        log = Log()
        for name in ("Ada", "Bea", "unreadable", "Cid", "Dot"):
            log.customer(name)
        log.sequenced()
        with cqrs(UPCASTERS=[f"{__name__}.UPCASTERS"]):
            runner.drain(CUSTOMERS)
        assert CustomerReadModel.objects.count() == 4
        assert parked("customers") == [(3, 1)]

    def test_is_not_for_failures_that_no_event_causes(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log = Log()
        log.order(log.customer())
        log.sequenced()

        def no_table(_: Any) -> None:
            raise ProgrammingError("relation does not exist")

        monkeypatch.setattr(ORDERS, "keys", no_table)
        with pytest.raises(ExceptionGroup):
            runner.drain(*PROJECTIONS)
        assert ParkedEvent.objects.count() == 0
        assert min(runner.positions(ORDERS)) == 0
        assert min(runner.positions(CUSTOMERS)) == 2

    def test_keeps_pointers_and_no_copies(self, poisoned: Any) -> None:
        log = Log()
        key = log.order(log.customer("Ada Personal"))
        poisoned(orders.HANDLERS, OrderCreated, key)
        log.projected()
        [row] = ParkedEvent.objects.values()
        assert "Personal" not in str(row)
        assert row["error"] == "KeyError: 'a bug'"
