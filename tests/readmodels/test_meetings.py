"""Workers, swaps, retries and readers that meet between two statements of each other."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import transaction
from django.utils import timezone

from cqrs.tokens import ConsistencyToken
from orders.events import OrderCreated
from readmodels import rebuilding, seen
from readmodels.building import Report, level_snapshot
from readmodels.builds import CHECK, RETIRED, SHADOW, Build, Busy, followed, only_one
from readmodels.models import (
    CustomerReadModel,
    OrderReadModel,
    ParkedEvent,
    ProjectionCheckpoint,
)
from readmodels.parked import retry_all
from readmodels.projections import PROJECTIONS, customers, orders, runner
from readmodels.rebuilding import RebuildError, discard, rebuild, roll_back
from readmodels.seen import Seen, look
from readmodels.verification import verify
from tests.readmodels.built import filled, nothing_is_left, projections
from tests.readmodels.log import Log
from tests.threads import together

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__),
]
ORDERS, CUSTOMERS, STOCK, *_ = PROJECTIONS


def silent(*_: Any) -> None:
    """Show nobody the progress."""


def elsewhere(function: Callable[[], Any]) -> Any:
    """Call the function in a thread and on connections of its own."""
    return together(function)[0]


def broken(*_: Any) -> Any:
    raise KeyError("a bug")


class TestAWorkerAndASwap:
    def test_a_place_read_before_the_swap_moves_nothing_after_it(self) -> None:
        """Its row is that of the retired tables now, and the worker would fill the serving ones."""
        filled()
        places = runner.places(ORDERS)
        rebuild(ORDERS, silent)
        with transaction.atomic(using="replica"):
            for place in places:
                assert not runner.partitions.take(place, place.position + 1)
            assert runner.partitions.pass_over(places, places[0].position + 1) == 0
        assert runner.positions(Build(ORDERS, RETIRED)) == runner.positions(ORDERS)

    def test_whoever_waited_for_the_rows_locks_those_that_serve(self) -> None:
        filled()
        Build(ORDERS, SHADOW).create(4)
        names = ((ORDERS.name, "orders.retired"), ("orders.shadow", ORDERS.name))
        swapped, waits = threading.Event(), threading.Event()

        def swap() -> None:
            with transaction.atomic(using="replica"):
                for old, new in names:
                    ProjectionCheckpoint.objects.filter(consumer=old).update(consumer=new)
                swapped.set()
                waits.wait(5)
                threading.Event().wait(0.3)

        def lock() -> list[int]:
            swapped.wait(5)
            with transaction.atomic(using="replica"):
                waits.set()
                return [place.position for place in runner.partitions.lock([ORDERS.name])]

        assert together(swap, lock)[1] == [0, 0, 0, 0]

    def test_tables_that_were_dropped_are_not_begun_again(self) -> None:
        filled()
        rebuild(ORDERS, silent)
        consumers = followed()
        discard(ORDERS)
        runner.drain(*consumers)
        names = set(ProjectionCheckpoint.objects.values_list("consumer", flat=True))
        assert names == {projection.name for projection in PROJECTIONS}

    def test_dropping_waits_for_a_worker_in_its_batch(self) -> None:
        log = filled()
        rebuild(ORDERS, silent)
        log.order(log.customer("Late"))
        log.sequenced()
        retired, taken = Build(ORDERS, RETIRED), threading.Event()
        apply = ORDERS.apply

        def slowly(events: Any) -> None:
            taken.set()
            threading.Event().wait(0.3)
            apply(events)

        def work() -> None:
            ORDERS.apply = slowly  # type: ignore[method-assign]
            try:
                runner.drain(retired)
            finally:
                del ORDERS.apply

        together(work, lambda: taken.wait(5) and retired.drop())
        assert not retired.exists()

    def test_one_at_a_time_rebuilds_or_rolls_back_or_discards(self) -> None:
        filled()
        rebuild(ORDERS, silent)
        with only_one(Build(ORDERS, SHADOW)):
            for act in (roll_back, discard):
                with pytest.raises(Busy):
                    elsewhere(lambda act=act: act(ORDERS))
        assert Build(ORDERS, RETIRED).exists()

    def test_one_at_a_time_verifies_and_the_other_says_that_it_did_not(self) -> None:
        with (
            only_one(Build(ORDERS, CHECK)),
            pytest.raises(CommandError, match="orders is being rebuilt or verified"),
        ):
            elsewhere(lambda: projections("verify", "orders", "--repair"))

    def test_tables_stay_where_they_are_while_they_are_compared(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else an old snapshot would look into new tables, and find less in them."""
        filled()
        rebuild(ORDERS, silent)
        monkeypatch.setattr(rebuilding, "SWAP_PATIENCE_S", 0.0)
        with level_snapshot(Build(ORDERS, RETIRED)), pytest.raises(RebuildError, match="held"):
            elsewhere(lambda: roll_back(ORDERS))


class TestAWorkerAndARetry:
    def test_an_event_does_not_queue_behind_one_that_was_just_retried(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With nothing before it, nobody would ever try it."""
        log = Log()
        key = log.order(log.customer())
        with monkeypatch.context() as patch:
            patch.setitem(orders.HANDLES, OrderCreated.wire_name, broken)
            log.projected()
        log.confirm(key)
        log.sequenced()
        take, retried = runner.partitions.take, []

        def after_a_retry(*arguments: Any) -> bool:
            if not retried:
                retried.append(elsewhere(lambda: runner.retry(ORDERS, ("order", key))))
            return take(*arguments)

        monkeypatch.setattr(runner.partitions, "take", after_a_retry)
        runner.drain(ORDERS)
        assert retried == [1]
        assert ParkedEvent.objects.count() == 0
        assert OrderReadModel.objects.get().status == "confirmed"

    def test_two_workers_that_find_the_same_due_event_try_it_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else it is given up after half of its attempts."""
        log = Log()
        log.order(log.customer())
        monkeypatch.setitem(orders.HANDLES, OrderCreated.wire_name, broken)
        log.projected()
        ParkedEvent.objects.filter(consumer=ORDERS.name).update(retry_at=timezone.now())
        due, found = runner.parking.due, threading.Barrier(2)

        def both_find_it(consumers: Any) -> Any:
            streams = due(consumers)
            found.wait(5)
            return streams

        monkeypatch.setattr(runner.parking, "due", both_find_it)
        together(*[lambda: runner.retry_due(ORDERS)] * 2)
        assert ParkedEvent.objects.get(consumer=ORDERS.name).attempts == 2


class TestARepairAndAParkedEvent:
    """A mended row must not hold what is tried again later: it would count twice."""

    @pytest.fixture
    def buyer(self) -> Any:
        """A customer with an order, whose read row somebody has deleted."""
        self.log = Log()
        buyer = self.log.customer()
        self.log.order(buyer)
        self.log.projected()
        CustomerReadModel.objects.all().delete()
        return buyer

    def test_that_was_parked_between_the_comparison_and_the_mending(self, buyer: Any) -> None:
        """It finds no row, because that is what the repair is for."""

        def meanwhile(phase: str, *_: int) -> None:
            if phase == "comparing rows" and ParkedEvent.objects.count() == 0:
                self.log.order(buyer)
                self.log.sequenced()
                runner.drain(CUSTOMERS)
                assert ParkedEvent.objects.filter(consumer=CUSTOMERS.name).count() == 1

        self.repaired(meanwhile, orders=2)

    def test_that_stays_parked_until_its_row_is_mended(self, buyer: Any) -> None:
        key = self.log.order(buyer)
        self.log.cancel(key)
        self.log.projected()
        assert ParkedEvent.objects.filter(consumer=CUSTOMERS.name).count() == 2
        self.repaired(silent, orders=2)

    def test_that_was_applied_between_the_comparison_and_the_mending(
        self, buyer: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The row that is copied must hold it then: nobody tries it again."""
        assert len(list(verify(CUSTOMERS, silent, repair=True))) == 1
        key = self.log.order(buyer)
        with monkeypatch.context() as patch:
            patch.setitem(customers.HANDLES, OrderCreated.wire_name, broken)
            self.log.projected()
        CustomerReadModel.objects.update(name="Somebody")

        def meanwhile(phase: str, *_: int) -> None:
            if phase == "comparing rows":
                runner.retry(CUSTOMERS, ("order", key))

        self.repaired(meanwhile, orders=2)

    def repaired(self, report: Report, orders: int) -> None:
        assert len(list(verify(CUSTOMERS, report, repair=True))) == 1
        retry_all(CUSTOMERS)  # as workers do, or whoever has fixed what failed
        assert CustomerReadModel.objects.get().order_count == orders
        assert ParkedEvent.objects.count() == 0
        assert list(verify(CUSTOMERS, silent)) == []


class TestAReaderAndAWorker:
    def test_an_event_that_is_parked_at_this_moment_was_not_seen(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log = Log()
        buyer = log.customer()
        log.projected()
        key = log.order(buyer)
        log.confirm(key)
        log.sequenced()
        runner.drain(ORDERS)
        monkeypatch.setitem(customers.HANDLES, OrderCreated.wire_name, broken)
        past = seen._are_past

        def after_the_worker(*arguments: Any) -> bool:
            runner.drain(CUSTOMERS)
            return past(*arguments)

        monkeypatch.setattr(seen, "_are_past", after_the_worker)
        token = ConsistencyToken("order", key, 1)
        assert look(token, {CUSTOMERS.name}) is Seen.PARKED

    def test_an_event_that_is_retried_at_this_moment_is_looked_for_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its row may have been read before it was there."""
        log = Log()
        key = log.order(log.customer())
        with monkeypatch.context() as patch:
            patch.setitem(orders.HANDLES, OrderCreated.wire_name, broken)
            log.projected()
        past = seen._are_past

        def after_the_retry(*arguments: Any) -> bool:
            runner.retry(ORDERS, ("order", key))
            return past(*arguments)

        monkeypatch.setattr(seen, "_are_past", after_the_retry)
        token = ConsistencyToken("order", key, 1)
        assert look(token, {ORDERS.name, CUSTOMERS.name}) is Seen.NOT_YET
        assert look(token, {ORDERS.name, CUSTOMERS.name}) is Seen.YES
