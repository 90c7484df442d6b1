"""Read your own writes: a query with a token waits for its projection, and not for ever."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import orjson
import pytest
from django.test import Client

from cqrs.consistency import behavior
from cqrs.consistency.token_status import TokenStatus, decode_known, token_status
from cqrs.messaging.results import Ok, Rejected
from cqrs.projections.registry import projection_names, runner
from customers.events import CustomerUpdated
from readmodels import projections
from readmodels.queries import (
    GetCustomerById,
    GetOrderById,
    GetOrdersByCustomer,
    GetStock,
    ListOrders,
)
from tests.support.api import bearer
from tests.support.log import Log
from tests.support.waiting import BOTH, CUSTOMERS, HEADER, ORDERS, STOCK, ask, once_one_waits, token

PARTITIONS = ORDERS.partitions


def broken(*_: Any) -> None:
    raise KeyError("a bug")


@contextmanager
def no_seats() -> Iterator[None]:
    """Take all seats of waiting reads."""
    seats = behavior._seats()
    with ExitStack() as taken:
        while seats.acquire(blocking=False):
            taken.callback(seats.release)
        yield


@pytest.mark.django_db(transaction=True, databases=BOTH)
class TestQuery:
    def test_waits_for_the_projection_and_answers_fresh(self) -> None:
        log = Log()
        order = log.order(log.customer())
        log.projected()
        log.confirm(order)
        log.sequenced()
        done = once_one_waits(lambda: runner.drain(ORDERS))
        result = ask(GetOrderById, order_id=order, consistency_token=token("order", order, 2))
        assert isinstance(result, Ok)
        assert orjson.loads(result.value.body)["status"] == "confirmed"
        assert done.result(5) == PARTITIONS

    def test_waits_for_its_own_projection_and_not_only_for_the_aggregates(self) -> None:
        log = Log()
        buyer = log.customer()
        order = log.order(buyer)
        log.sequenced()
        runner.drain(ORDERS)
        asked = {"customer_id": buyer, "consistency_token": token("order", order), "wait_s": 0.05}
        assert ask(GetCustomerById, **asked).code == "read_side_behind"
        runner.drain(CUSTOMERS)
        assert orjson.loads(ask(GetCustomerById, **asked).value.body)["order_count"] == 1

    def test_does_not_wait_for_other_projections(self) -> None:
        log = Log()
        order = log.order(log.customer())
        log.sequenced()
        runner.drain(ORDERS)
        result = ask(ListOrders, consistency_token=token("order", order), wait_s=0)
        assert isinstance(result, Ok)

    def test_waits_for_stock(self) -> None:
        log = Log()
        lamp = log.stock(on_hand=3)
        log.sequenced()
        done = once_one_waits(lambda: runner.drain(STOCK))
        result = ask(GetStock, product_id=lamp, consistency_token=token("stock", lamp))
        assert orjson.loads(result.value.body)["on_hand"] == 3
        done.result(5)


@pytest.mark.django_db(databases=BOTH)
class TestQueryWithoutWaiting:
    def test_answers_at_once_what_is_there(self, log: Log) -> None:
        order = log.order(log.customer())
        log.confirm(order)
        log.projected()
        for version in (1, 2):
            asked = {"order_id": order, "consistency_token": token("order", order, version)}
            assert isinstance(ask(GetOrderById, **asked, wait_s=0), Ok)

    def test_says_when_its_time_is_up(self, log: Log) -> None:
        order = log.order(log.customer())
        log.projected()
        for version in (2, 10**30):
            started = time.monotonic()
            asked = {"order_id": order, "consistency_token": token("order", order, version)}
            result = ask(GetOrderById, **asked, wait_s=0.1)
            assert result == Rejected("read_side_behind", "The read side was not there after 0.1 s")
            assert time.monotonic() - started >= 0.1

    def test_waits_two_seconds_unless_asked_otherwise(self, log: Log) -> None:
        buyer = log.customer()
        asked = {"customer_id": buyer, "consistency_token": token("customer", buyer)}
        with no_seats():  # so that the limits need not pass
            for wait, limit in (({}, 2), ({"wait_s": 7}, 7)):
                refused = ask(GetCustomerById, **asked, **wait)
                assert refused.message == f"The read side was not there after {limit} s"

    @pytest.mark.parametrize("text", ["", "nonsense", token("event", Log()._new_key())])
    def test_refuses_what_it_cannot_read(self, text: str) -> None:
        result = ask(ListOrders, consistency_token=text)
        assert result.code == "invalid_token"
        assert [error.field for error in result.errors] == [HEADER]

    def test_does_not_wait_when_half_of_the_threads_do(self, log: Log) -> None:
        buyer = log.customer()
        asked = {
            "customer_id": buyer,
            "consistency_token": token("customer", buyer),
            "wait_s": 30,
        }
        with no_seats():
            started = time.monotonic()
            assert ask(GetCustomerById, **asked).code == "read_side_behind"
            assert time.monotonic() - started < 30
            log.projected()
            assert isinstance(ask(GetCustomerById, **asked), Ok)


@pytest.mark.django_db(databases=BOTH)
class TestParked:
    @pytest.fixture
    def parked(self, log: Log, monkeypatch: Any) -> Any:
        """A customer whose second version no projection could apply."""
        buyer = log.customer("Ada")
        log.projected()

        monkeypatch.setitem(projections.customers.HANDLERS, CustomerUpdated.wire_name, broken)
        log.rename(buyer, "Grace")
        log.projected()
        return buyer

    def test_is_refused_at_once(self, parked: Any) -> None:
        started = time.monotonic()
        asked = {"consistency_token": token("customer", parked, 2), "wait_s": 30}
        assert ask(GetCustomerById, customer_id=parked, **asked).code == "read_side_parked"
        assert time.monotonic() - started < 30

    def test_does_not_concern_projections_that_could_apply_it(self, parked: Any, log: Log) -> None:
        log.rename(parked, "Joan")  # waits behind the one that failed
        log.order(parked)
        log.projected()
        asked = {"consistency_token": token("customer", parked, 3), "wait_s": 0}
        [order] = ask(GetOrdersByCustomer, customer_id=parked, **asked).value.documents
        assert orjson.loads(order)["customer_name"] == "Joan"
        assert (
            token_status(decode_known(asked["consistency_token"]), {*projection_names()})
            is TokenStatus.PARKED
        )

    def test_lets_no_query_read_what_its_own_projection_has_not_applied_yet(
        self, parked: Any, log: Log
    ) -> None:
        log.rename(parked, "Joan")
        log.sequenced()
        asked = {"consistency_token": token("customer", parked, 3), "wait_s": 0}
        for drained in ((), (CUSTOMERS,)):
            runner.drain(*drained)
            assert ask(GetOrdersByCustomer, customer_id=parked, **asked).code == "read_side_behind"
        runner.drain(ORDERS)
        assert isinstance(ask(GetOrdersByCustomer, customer_id=parked, **asked), Ok)

    def test_is_refused_by_each_projection_that_could_not_apply_it(
        self, parked: Any, log: Log, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(ORDERS, "fold", broken)
        log.rename(parked, "Joan")
        log.projected()
        for query in (GetCustomerById, GetOrdersByCustomer):
            asked = {"consistency_token": token("customer", parked, 3), "wait_s": 10}
            assert ask(query, customer_id=parked, **asked).code == "read_side_parked"

    def test_does_not_concern_what_was_read_before(self, parked: Any) -> None:
        asked = {"consistency_token": token("customer", parked, 1), "wait_s": 0}
        assert isinstance(ask(GetCustomerById, customer_id=parked, **asked), Ok)

    def test_is_503_with_retry_after(self, parked: Any, client: Client) -> None:
        headers = {**bearer("ada"), HEADER: token("customer", parked, 2)}
        answer = client.get(f"/api/customers/{parked}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "read_side_parked")
        assert int(answer["Retry-After"]) >= 1
