"""Read your own writes: queries wait for a token, commands for the projections, nobody for ever."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import orjson
import pytest
from django.db import connections
from django.db.utils import OperationalError
from django.test import Client

from cqrs import bus
from cqrs.models import Pending
from cqrs.results import Ok, Rejected
from cqrs.tokens import ConsistencyToken
from customers.events import CustomerUpdated
from readmodels import consistency, projections, wakeups
from readmodels.projections import PROJECTIONS, runner
from readmodels.queries import (
    GetCustomerById,
    GetOrderById,
    GetOrdersByCustomer,
    GetStock,
    ListOrders,
)
from readmodels.seen import ALL, Seen, look, readable
from readmodels.wakeups import Bell
from tests.api import bearer
from tests.readmodels.log import Log
from tests.scenarios import content, customer

BOTH = ["default", "replica"]
ORDERS, CUSTOMERS, STOCK, *_ = PROJECTIONS
PARTITIONS = ORDERS.partitions
HEADER = "X-Consistency-Token"


def token(stream_type: str, key: Any, version: int = 1) -> str:
    return ConsistencyToken(stream_type, key, version).encode()


def ask(query: Any, **payload: Any) -> Any:
    return bus.ask(query, payload)


def broken(*_: Any) -> None:
    raise KeyError("a bug")


def later(function: Any, after_s: float = 0.2) -> Future[Any]:
    """Call the function in another thread, with its own connections."""

    def run() -> Any:
        time.sleep(after_s)
        try:
            return function()
        finally:
            connections.close_all()

    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(run)
    finally:
        pool.shutdown(wait=False)


def written() -> bool:
    """Wait until a command has committed its event."""
    deadline = time.monotonic() + 10
    while not Pending.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return Pending.objects.exists()


@pytest.mark.django_db(transaction=True, databases=BOTH)
class TestQuery:
    def test_waits_for_the_projection_and_answers_fresh(self) -> None:
        log = Log()
        order = log.order(log.customer())
        log.projected()
        log.confirm(order)
        log.sequenced()
        done = later(lambda: runner.drain(ORDERS))
        started = time.monotonic()
        result = ask(GetOrderById, order_id=order, consistency_token=token("order", order, 2))
        assert isinstance(result, Ok)
        assert orjson.loads(result.value.body)["status"] == "confirmed"
        assert 0.15 < time.monotonic() - started < 1.5
        assert done.result(5) == PARTITIONS

    def test_waits_for_its_own_projection_and_not_only_for_the_aggregates(self) -> None:
        log = Log()
        buyer = log.customer()
        order = log.order(buyer)
        log.sequenced()
        runner.drain(ORDERS)
        wish = {"customer_id": buyer, "consistency_token": token("order", order), "wait_s": 0.05}
        assert ask(GetCustomerById, **wish).code == "read_side_behind"
        runner.drain(CUSTOMERS)
        assert orjson.loads(ask(GetCustomerById, **wish).value.body)["order_count"] == 1

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
        done = later(lambda: runner.drain(STOCK))
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
            wish = {"order_id": order, "consistency_token": token("order", order, version)}
            assert isinstance(ask(GetOrderById, **wish, wait_s=0), Ok)

    def test_says_when_its_time_is_up(self, log: Log) -> None:
        order = log.order(log.customer())
        log.projected()
        for version in (2, 10**30):
            started = time.monotonic()
            wish = {"order_id": order, "consistency_token": token("order", order, version)}
            result = ask(GetOrderById, **wish, wait_s=0.1)
            assert result == Rejected("read_side_behind", "The read side was not there after 0.1 s")
            assert 0.1 <= time.monotonic() - started < 1

    def test_waits_two_seconds_unless_told_otherwise(self, log: Log, monkeypatch: Any) -> None:
        asked: list[float] = []
        monkeypatch.setattr(consistency, "wait_for", lambda _, __, limit: asked.append(limit))
        buyer = log.customer()
        for wait in ({}, {"wait_s": 7}):
            ask(GetCustomerById, customer_id=buyer, consistency_token=token("customer", buyer),
                **wait)  # fmt: skip
        assert asked == [2.0, 7.0]

    @pytest.mark.parametrize("text", ["", "nonsense", token("event", Log()._new_key())])
    def test_refuses_what_it_cannot_read(self, text: str) -> None:
        result = ask(ListOrders, consistency_token=text)
        assert result.code == "invalid_token"
        assert [error.field for error in result.errors] == [HEADER]

    def test_does_not_wait_when_half_of_the_threads_do(self, log: Log) -> None:
        buyer = log.customer()
        wish = {"customer_id": buyer, "consistency_token": token("customer", buyer), "wait_s": 10}
        with ExitStack() as others:
            while consistency._waiting.acquire(blocking=False):
                others.callback(consistency._waiting.release)
            started = time.monotonic()
            assert ask(GetCustomerById, **wish).code == "read_side_behind"
            log.projected()
            assert isinstance(ask(GetCustomerById, **wish), Ok)
            assert time.monotonic() - started < 5


@pytest.mark.django_db(transaction=True, databases=BOTH)
class TestWaiting:
    """A waiting read is woken; it does not ask again and again."""

    @pytest.mark.parametrize("with_redis", [True, False], ids=["redis", "notify"])
    def test_looks_when_it_is_woken_and_hardly_otherwise(
        self, monkeypatch: Any, settings: Any, with_redis: bool
    ) -> None:
        if not with_redis:
            settings.REDIS_URL = ""
        bell = Bell()
        monkeypatch.setattr(consistency, "bell", bell)
        bell.wait(0, 5)  # until it listens
        assert bell.is_listening
        looks: list[float] = []

        def counted(*arguments: Any) -> Seen:
            looks.append(time.monotonic())
            return look(*arguments)

        monkeypatch.setattr(consistency, "look", counted)
        log = Log()
        buyer = log.customer()
        log.sequenced()
        done = later(lambda: runner.drain(*PROJECTIONS) and time.monotonic(), 1.0)
        wish = {"customer_id": buyer, "consistency_token": token("customer", buyer), "wait_s": 10}
        assert isinstance(ask(GetCustomerById, **wish), Ok)
        assert len(looks) < 12, "a second of polling, from 2 ms on, takes more than twenty looks"
        assert time.monotonic() - done.result(5) < 0.2

    def test_polls_where_it_cannot_listen(self, monkeypatch: Any, settings: Any) -> None:
        settings.REDIS_URL = ""
        monkeypatch.setattr(wakeups, "_parameters", lambda: {"host": "127.0.0.1", "port": 1})
        monkeypatch.setattr(consistency, "bell", Bell())
        log = Log()
        buyer = log.customer()
        log.sequenced()
        done = later(lambda: runner.drain(*PROJECTIONS))
        wish = {"customer_id": buyer, "consistency_token": token("customer", buyer)}
        assert isinstance(ask(GetCustomerById, **wish), Ok)
        done.result(5)

    def test_is_woken_by_whichever_worker_has_the_partition(self) -> None:
        log = Log()
        buyers = [log.customer() for _ in range(20)]
        log.sequenced()
        workers = [later(lambda: runner.drain(*PROJECTIONS), 0.2) for _ in range(3)]
        for buyer in buyers:
            wish = {"customer_id": buyer, "consistency_token": token("customer", buyer)}
            assert isinstance(ask(GetCustomerById, **wish), Ok)
        for worker in workers:
            worker.result(5)


@pytest.mark.django_db(databases=BOTH)
class TestParked:
    @pytest.fixture
    def parked(self, log: Log, monkeypatch: Any) -> Any:
        """A customer whose second version no projection could apply."""
        buyer = log.customer("Ada")
        log.projected()

        monkeypatch.setitem(projections.customers.HANDLES, CustomerUpdated.wire_name, broken)
        log.rename(buyer, "Grace")
        log.projected()
        return buyer

    def test_is_told_at_once(self, parked: Any) -> None:
        started = time.monotonic()
        wish = {"consistency_token": token("customer", parked, 2), "wait_s": 10}
        assert ask(GetCustomerById, customer_id=parked, **wish).code == "read_side_parked"
        assert time.monotonic() - started < 1

    def test_does_not_concern_projections_that_could_apply_it(self, parked: Any, log: Log) -> None:
        log.rename(parked, "Joan")  # waits behind the one that failed
        log.order(parked)
        log.projected()
        wish = {"consistency_token": token("customer", parked, 3), "wait_s": 0}
        [order] = ask(GetOrdersByCustomer, customer_id=parked, **wish).value.documents
        assert orjson.loads(order)["customer_name"] == "Joan"
        assert look(readable(wish["consistency_token"]), {*ALL}) is Seen.PARKED

    def test_lets_nobody_read_what_its_own_projection_has_not_applied_yet(
        self, parked: Any, log: Log
    ) -> None:
        log.rename(parked, "Joan")
        log.sequenced()
        wish = {"consistency_token": token("customer", parked, 3), "wait_s": 0}
        for drained in ((), (CUSTOMERS,)):
            runner.drain(*drained)
            assert ask(GetOrdersByCustomer, customer_id=parked, **wish).code == "read_side_behind"
        runner.drain(ORDERS)
        assert isinstance(ask(GetOrdersByCustomer, customer_id=parked, **wish), Ok)

    def test_is_told_of_each_projection_that_could_not_apply_it(
        self, parked: Any, log: Log, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(ORDERS, "apply", broken)
        log.rename(parked, "Joan")
        log.projected()
        for query in (GetCustomerById, GetOrdersByCustomer):
            wish = {"consistency_token": token("customer", parked, 3), "wait_s": 10}
            assert ask(query, customer_id=parked, **wish).code == "read_side_parked"

    def test_does_not_concern_what_was_read_before(self, parked: Any) -> None:
        wish = {"consistency_token": token("customer", parked, 1), "wait_s": 0}
        assert isinstance(ask(GetCustomerById, customer_id=parked, **wish), Ok)

    def test_is_503_with_retry_after(self, parked: Any, client: Client) -> None:
        headers = {**bearer("ada"), HEADER: token("customer", parked, 2)}
        answer = client.get(f"/api/customers/{parked}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "read_side_parked")
        assert int(answer["Retry-After"]) >= 1


@pytest.mark.django_db(transaction=True, databases=BOTH)
class TestHttp:
    def test_a_client_reads_what_it_wrote(self, client: Client) -> None:
        headers = bearer("ada")
        buyer = customer()
        placed = client.post("/api/orders", content(buyer), "application/json", headers=headers)
        done = later(Log().projected)
        path = placed["Location"]
        answer = client.get(path, headers={**headers, HEADER: placed[HEADER], "Prefer": "wait=10"})
        assert (answer.status_code, answer.json()["id"]) == (200, placed.json()["id"])
        done.result(5)

    def test_a_read_that_is_behind_is_503_with_retry_after(self, client: Client) -> None:
        headers = {**bearer("ada"), HEADER: token("customer", customer()), "Prefer": "wait=0"}
        answer = client.get("/api/customers", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "read_side_behind")
        assert int(answer["Retry-After"]) >= 1

    @pytest.mark.parametrize("text", ["", "x", "b3JkZXI6eDox"])
    def test_an_unreadable_token_is_400(self, client: Client, text: str) -> None:
        answer = client.get("/api/products", headers={**bearer("ada"), HEADER: text})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_token")


@pytest.mark.django_db(transaction=True, databases=BOTH)
class TestPreferWait:
    PATHS = (
        ("post", "/api/customers", {"name": "Ada", "email": "ada@example.com"}),
        ("put", "/api/products/018f0000-0000-7000-8000-000000000001/stock", {"on_hand": 3}),
    )

    def send(self, client: Client, number: int, **headers: str) -> Any:
        verb, path, body = self.PATHS[number]
        return getattr(client, verb)(
            path, body, "application/json", headers={**bearer("ada"), **headers}
        )

    @pytest.mark.parametrize("number", [0, 1])
    def test_is_applied_when_every_projection_has_caught_up(
        self, client: Client, number: int
    ) -> None:
        done = later(lambda: written() and Log().projected())
        answer = self.send(client, number, Prefer="wait=10")
        assert answer["Preference-Applied"] == "wait=10"
        assert answer.status_code in (200, 201)
        for projection in PROJECTIONS:
            assert max(runner.positions(projection)) == 1
        done.result(5)

    @pytest.mark.parametrize("missing", PROJECTIONS, ids=lambda each: each.name)
    def test_is_not_applied_while_one_is_behind(self, client: Client, missing: Any) -> None:
        def all_but_one() -> None:
            written()
            Log().sequenced()
            for projection in PROJECTIONS:
                if projection is not missing:
                    runner.drain(projection)

        done = later(all_but_one)
        started = time.monotonic()
        answer = self.send(client, 0, Prefer="wait=1")
        assert time.monotonic() - started >= 1
        assert answer.status_code == 201
        assert answer[HEADER]
        assert "Preference-Applied" not in answer
        done.result(5)

    def test_waits_thirty_seconds_at_most(self, client: Client, monkeypatch: Any) -> None:
        asked: list[float] = []

        def wait_for(_: Any, __: Any, limit: float) -> Seen:
            asked.append(limit)
            return Seen.YES

        monkeypatch.setattr(consistency, "wait_for", wait_for)
        assert self.send(client, 0, Prefer="wait=999")["Preference-Applied"] == "wait=30"
        assert asked == [30]

    def test_does_not_wait_unasked(self, client: Client) -> None:
        started = time.monotonic()
        assert "Preference-Applied" not in self.send(client, 0)
        assert time.monotonic() - started < 1

    def test_a_refusal_does_not_wait(self, client: Client) -> None:
        self.send(client, 0)
        started = time.monotonic()
        assert self.send(client, 0, Prefer="wait=20").status_code == 409
        assert time.monotonic() - started < 1

    def test_a_dead_read_side_cannot_fail_a_write(self, client: Client, monkeypatch: Any) -> None:
        def gone(*_: Any) -> None:
            raise OperationalError("connection refused")

        monkeypatch.setattr(consistency, "look", gone)
        answer = self.send(client, 0, Prefer="wait=5")
        assert answer.status_code == 201
        assert "Preference-Applied" not in answer
