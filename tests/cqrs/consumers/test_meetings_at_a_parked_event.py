"""Workers, retries, repairs and readers that meet over one event that is parked."""

from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from cqrs.consistency import token_status as module
from cqrs.consistency.token_status import TokenStatus, token_status
from cqrs.consistency.tokens import ConsistencyToken
from cqrs.operations.parked import of_projections
from cqrs.projections.models import ParkedEvent
from cqrs.projections.registry import runner
from cqrs.rebuild.catch_up import Report
from cqrs.rebuild.verify import verify
from orders.events import OrderCreated
from readmodels.models import CustomerOrders, CustomerReadModel, OrderReadModel
from readmodels.projections import PROJECTIONS, customers, orders
from tests.support.built import elsewhere, nothing_is_left, silent
from tests.support.log import Log
from tests.support.threads import together

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__),
]
ORDERS, CUSTOMERS, STOCK, *_ = PROJECTIONS


def broken(*_: Any) -> Any:
    raise KeyError("a bug")


class TestAWorkerAndARetry:
    @pytest.mark.parametrize(("near", "claim"), [(500, "issue_claim"), (0, "issue_claim_of")])
    def test_an_event_does_not_queue_behind_one_that_was_just_retried(
        self, near: int, claim: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With nothing before it, no worker would ever try it."""
        log = Log()
        key = log.order(log.customer())
        with monkeypatch.context() as patch:
            patch.setitem(orders.HANDLERS, OrderCreated.wire_name, broken)
            log.projected()
        log.confirm(key)
        log.sequenced()
        take, retried = getattr(runner.partitions, claim), []

        def after_a_retry(*arguments: Any) -> Any:
            if not retried:
                retried.append(elsewhere(lambda: runner.retries.retry(ORDERS, ("order", key))))
            return take(*arguments)

        monkeypatch.setattr(runner, "near", near)
        monkeypatch.setattr(runner.partitions, claim, after_a_retry)
        runner.drain(ORDERS)
        assert retried == [1]
        assert ParkedEvent.objects.count() == 0
        assert OrderReadModel.objects.get().status == "confirmed"

    def test_two_workers_that_find_the_same_due_event_try_it_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else it is given up after half of its attempts."""
        log = Log()
        key = log.order(log.customer())
        monkeypatch.setitem(orders.HANDLERS, OrderCreated.wire_name, broken)
        log.projected()
        ParkedEvent.objects.filter(consumer=ORDERS.name).update(retry_at=timezone.now())
        retry = partial(runner.retries.retry, ORDERS, ("order", key), only_if_due=True)
        together(retry, retry)
        assert ParkedEvent.objects.get(consumer=ORDERS.name).attempts == 2


class TestARepairAndAParkedEvent:
    """A mended row must not hold what is tried again later: it would count twice."""

    @pytest.fixture
    def buyer(self) -> Any:
        """A customer with an order, of whose orders the counts were deleted by hand."""
        self.log = Log()
        buyer = self.log.customer()
        self.order = self.log.order(buyer)
        self.log.projected()
        CustomerOrders.objects.all().delete()
        return buyer

    def test_that_was_parked_between_the_comparison_and_the_mending(self, buyer: Any) -> None:
        """It finds no row, because that is what the repair is for."""

        def meanwhile(phase: str, *_: int) -> None:
            if phase == "comparing rows" and ParkedEvent.objects.count() == 0:
                self.log.cancel(self.order)
                self.log.sequenced()
                runner.drain(CUSTOMERS)
                assert ParkedEvent.objects.filter(consumer=CUSTOMERS.name).count() == 1

        self.repaired(meanwhile, orders=1, cancelled=1)

    def test_that_stays_parked_until_its_row_is_mended(self, buyer: Any) -> None:
        self.log.cancel(self.order)
        self.log.projected()
        assert ParkedEvent.objects.filter(consumer=CUSTOMERS.name).count() == 1
        self.repaired(silent, orders=1, cancelled=1)

    def test_that_was_applied_between_the_comparison_and_the_mending(
        self, buyer: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The row that is copied must hold it then: no worker tries it again."""
        assert len(list(verify(CUSTOMERS, silent, repair=True))) == 1
        key = self.log.order(buyer)
        with monkeypatch.context() as patch:
            patch.setitem(customers.HANDLERS, OrderCreated.wire_name, broken)
            self.log.projected()
        CustomerReadModel.objects.update(name="Another")

        def meanwhile(phase: str, *_: int) -> None:
            if phase == "comparing rows":
                runner.retries.retry(CUSTOMERS, ("order", key))

        self.repaired(meanwhile, orders=2)

    def repaired(self, report: Report, orders: int, cancelled: int = 0) -> None:
        assert len(list(verify(CUSTOMERS, report, repair=True))) == 1
        of_projections.retry_all(
            [CUSTOMERS.name]
        )  # as workers do, or the operator who has fixed what failed
        row = CustomerReadModel.objects.get()
        assert (row.order_count, row.cancelled_count) == (orders, cancelled)
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
        monkeypatch.setitem(customers.HANDLERS, OrderCreated.wire_name, broken)
        past = module._others_are_past

        def after_the_worker(*arguments: Any) -> bool:
            runner.drain(CUSTOMERS)
            return past(*arguments)

        monkeypatch.setattr(module, "_others_are_past", after_the_worker)
        token = ConsistencyToken("order", key, 1)
        assert token_status(token, {CUSTOMERS.name}) is TokenStatus.PARKED

    def test_an_event_that_is_retried_at_this_moment_is_looked_for_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its row may have been read before it was there."""
        log = Log()
        key = log.order(log.customer())
        with monkeypatch.context() as patch:
            patch.setitem(orders.HANDLERS, OrderCreated.wire_name, broken)
            log.projected()
        past = module._others_are_past

        def after_the_retry(*arguments: Any) -> bool:
            runner.retries.retry(ORDERS, ("order", key))
            return past(*arguments)

        monkeypatch.setattr(module, "_others_are_past", after_the_retry)
        token = ConsistencyToken("order", key, 1)
        assert token_status(token, {ORDERS.name, CUSTOMERS.name}) is TokenStatus.PENDING
        assert token_status(token, {ORDERS.name, CUSTOMERS.name}) is TokenStatus.APPLIED
