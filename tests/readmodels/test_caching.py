"""Kept answers are given as long as nothing has changed them, and not a moment longer."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.conf import settings as django_settings
from django.db import connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cqrs import bus
from cqrs.consumers import Runner
from cqrs.results import Rejected
from cqrs.signals import announce_applied, batch_applied
from cqrs.tokens import ConsistencyToken
from readmodels import caching, lag, redis_cache, wakeups
from readmodels.changes import MOST_IDS
from readmodels.projections import PROJECTIONS
from readmodels.queries import (
    GetOrderById,
    GetOrdersByCustomer,
    ListCustomers,
    ListOrders,
    ListStock,
)
from readmodels.queries.paging import ListQuery, Page
from readmodels.wakeups import Bell
from tests.api import bearer
from tests.readmodels.log import Log

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])
bell = Bell(caching.hear)  # in a test run with Redis the process's own bell listens there


@pytest.fixture(params=["redis", "memory"], autouse=True)
def where(request: Any, settings: Any, monkeypatch: Any) -> str:
    """Run each test with Redis, and without."""
    if request.param == "memory":
        settings.REDIS_URL = ""
        monkeypatch.setattr(caching, "bell", bell)
        bell.wait(0, 5)
        assert bell.is_listening
    return str(request.param)


@pytest.fixture
def log() -> Log:
    return Log()


def ask(query: Any, **payload: Any) -> Page:
    result = bus.ask(query, payload)
    assert not isinstance(result, Rejected), result
    return result.value


def statuses(page: Page) -> list[str]:
    return [orjson.loads(document)["status"] for document in page.documents]


def statements(query: Any, **payload: Any) -> int:
    """Return how many statements the question costs: none where the answer was kept."""
    with CaptureQueriesContext(connections["replica"]) as captured:
        ask(query, **payload)
    return len(captured)


def in_another_thread(function: Callable[[], Any]) -> None:
    """Run a function with connections of its own, and wait for it."""

    def run() -> None:
        try:
            function()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()


@contextmanager
def news_lost() -> Iterator[None]:
    """Apply events without anybody hearing of it."""
    receivers, batch_applied.receivers = batch_applied.receivers, []
    batch_applied.sender_receivers_cache.clear()
    try:
        yield
    finally:
        batch_applied.receivers = receivers
        batch_applied.sender_receivers_cache.clear()


class TestKeeping:
    def test_answers_without_a_statement_what_was_asked_before(self, log: Log) -> None:
        buyer = log.customer()
        for _ in range(12):
            log.order(buyer)
        log.projected()
        for wish in ({}, {"page": "2"}, {"cursor": ""}, {"status": ["pending"]}):
            first = ask(GetOrdersByCustomer, customer_id=buyer, **wish)
            assert statements(GetOrdersByCustomer, customer_id=buyer, **wish) == 0
            again = ask(GetOrdersByCustomer, customer_id=buyer, **wish)
            assert (again, again.tag) == (first, first.tag)
            assert len(again.documents) == (2 if "page" in wish else 10)

    def test_tells_questions_apart(self, log: Log) -> None:
        first, second = log.customer("Ada"), log.customer("Bea")
        orders = [log.order(first), log.order(second)]
        log.projected()
        for buyer, order in zip((first, second), orders, strict=True):
            for query in (GetOrdersByCustomer, ListOrders):
                (document,) = ask(query, customer_id=buyer).documents
                assert orjson.loads(document)["id"] == str(order)
        assert len(ask(ListOrders).documents) == 2
        assert len(ask(ListOrders, page_size="1").documents) == 1
        assert ask(ListOrders, status=["shipped"]).documents == []
        assert len(ask(ListCustomers).documents) == 2
        assert ask(ListStock).documents == []

    def test_takes_a_default_that_is_given_for_the_same_question(self, log: Log) -> None:
        ask(ListOrders)
        assert statements(ListOrders, page="1", page_size="10", ordering="-order_date") == 0

    def test_leaves_refusals_and_single_documents_alone(self, log: Log) -> None:
        order = log.order(log.customer())
        log.projected()
        for _ in range(2):
            assert statements(GetOrderById, order_id=order) == 1
            assert isinstance(bus.ask(ListOrders, {"page": "2"}), Rejected)
        assert log.order(log.customer())
        log.order(log.customer())
        log.projected()
        assert len(ask(ListOrders, page="2", page_size="2").documents) == 1

    def test_leaves_answers_alone_that_are_too_large(self, monkeypatch: Any, log: Log) -> None:
        monkeypatch.setattr(caching, "MOST_BYTES", 10)
        log.customer()
        log.projected()
        for _ in range(2):
            assert statements(ListCustomers) == 1

    def test_asks_for_permission_first(self, log: Log, client: Client) -> None:
        assert client.get("/api/orders", headers=bearer("ada")).status_code == 200
        nobody = bearer("eve", is_superuser=False, permissions=[])
        assert client.get("/api/orders", headers=nobody).status_code == 403

    def test_is_nothing_that_a_command_passes(self) -> None:
        behaviors = django_settings.CQRS["COMMAND_BEHAVIORS"]
        assert [name for name in behaviors if "caching" in name] == []
        assert "readmodels.caching.caching" in django_settings.CQRS["QUERY_BEHAVIORS"]


class TestInvalidation:
    def test_ends_with_the_projection_of_a_change(self, log: Log) -> None:
        buyer = log.customer()
        order = log.order(buyer)
        log.projected()
        for change, status in ((log.confirm, "confirmed"), (log.ship, "shipped")):
            for query in (GetOrdersByCustomer, ListOrders):
                ask(query, customer_id=buyer)
            ask(ListOrders)
            change(order)
            log.projected()
            for query in (GetOrdersByCustomer, ListOrders):
                assert statuses(ask(query, customer_id=buyer)) == [status]
            assert statuses(ask(ListOrders)) == [status]

    def test_leaves_other_customers_warm_and_makes_the_list_of_all_cold(self, log: Log) -> None:
        buyer, other = log.customer(), log.customer()
        order = log.order(other)
        log.projected()
        ask(GetOrdersByCustomer, customer_id=buyer)
        ask(ListOrders)
        log.confirm(order)
        log.order(other)
        log.projected()
        assert statements(GetOrdersByCustomer, customer_id=buyer) == 0
        assert statements(ListOrders) == 1
        assert statements(GetOrdersByCustomer, customer_id=other) == 1

    def test_leaves_other_projections_warm(self, log: Log) -> None:
        log.order(log.customer())
        log.projected()
        ask(ListOrders)
        ask(ListStock)
        log.stock()
        log.projected()
        assert statements(ListOrders) == 0
        assert statements(ListStock) == 1

    def test_follows_a_customers_name(self, log: Log) -> None:
        buyer = log.customer("Ada")
        log.order(buyer)
        log.projected()
        ask(GetOrdersByCustomer, customer_id=buyer)
        log.rename(buyer, "Bea")
        log.projected()
        (document,) = ask(GetOrdersByCustomer, customer_id=buyer).documents
        assert orjson.loads(document)["customer_name"] == "Bea"

    def test_takes_everything_of_a_projection_whose_tables_were_swapped(self, log: Log) -> None:
        buyer = log.customer()
        ask(GetOrdersByCustomer, customer_id=buyer)
        ask(ListOrders)
        ask(ListCustomers)
        announce_applied(sender=Runner, consumer=PROJECTIONS[0], events=())
        assert statements(GetOrdersByCustomer, customer_id=buyer) == 1
        assert statements(ListOrders) == 1
        assert statements(ListCustomers) == 0

    def test_takes_everything_when_a_batch_names_too_much(self, log: Log) -> None:
        buyer = log.customer()
        log.projected()
        ask(GetOrdersByCustomer, customer_id=buyer)
        for _ in range(MOST_IDS * PROJECTIONS[0].partitions):
            log.customer()
        log.projected()
        assert statements(GetOrdersByCustomer, customer_id=buyer) == 1

    def test_crosses_processes(self, log: Log, where: str, monkeypatch: Any) -> None:
        """The worker's process has kept nothing itself: it only says what it has changed."""
        buyer = log.customer()
        order = log.order(buyer)
        log.projected()
        ask(GetOrdersByCustomer, customer_id=buyer)
        if where == "redis":
            monkeypatch.setattr(caching, "in_redis", redis_cache.RedisCache())
        else:
            batch_applied.disconnect(dispatch_uid="readmodels.invalidate")
        log.confirm(order)
        try:
            log.projected()
        finally:
            caching.connect()
        deadline = time.monotonic() + 5
        while statuses(ask(GetOrdersByCustomer, customer_id=buyer)) != ["confirmed"]:
            assert time.monotonic() < deadline


class TestFillRace:
    def test_leaves_nothing_behind_that_was_read_before_a_commit(
        self, log: Log, monkeypatch: Any
    ) -> None:
        """Read, then commit and invalidate, then keep: whoever asks next gets what is new."""
        buyer = log.customer()
        order = log.order(buyer)
        log.projected()
        handler = bus.handlers()[GetOrdersByCustomer]

        def overtaken(query: Any) -> Any:
            result = handler(query)
            log.confirm(order)
            in_another_thread(log.projected)
            return result

        with monkeypatch.context() as slow:
            slow.setitem(bus.handlers(), GetOrdersByCustomer, overtaken)
            assert statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["pending"]
        assert statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["confirmed"]
        assert statements(GetOrdersByCustomer, customer_id=buyer) == 0


class TestLostNews:
    def test_costs_the_duration(self, log: Log, monkeypatch: Any) -> None:
        monkeypatch.setattr(ListQuery, "cache_for_s", 2.0)
        buyer = log.customer()
        order = log.order(buyer)
        log.projected()
        ask(GetOrdersByCustomer, customer_id=buyer)
        started = time.monotonic()
        log.confirm(order)
        with news_lost():
            log.projected()
        if statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["confirmed"]:
            assert time.monotonic() - started > 1.5, "nothing was kept"
        time.sleep(2.2)
        assert statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["confirmed"]

    def test_does_not_concern_who_brings_a_token(self, log: Log) -> None:
        buyer = log.customer()
        order = log.order(buyer)
        log.projected()
        ask(GetOrdersByCustomer, customer_id=buyer)
        log.confirm(order)
        with news_lost():
            log.projected()
        token = ConsistencyToken("order", order, 2).encode()
        wish: dict[str, Any] = {"customer_id": buyer, "wait_s": 0}
        assert statuses(ask(GetOrdersByCustomer, **wish)) == ["pending"]
        assert statuses(ask(GetOrdersByCustomer, consistency_token=token, **wish)) == ["confirmed"]


class TestTransaction:
    def test_neither_uses_nor_keeps_answers(self, log: Log) -> None:
        buyer = log.customer()
        order = log.order(buyer)
        log.projected()
        ask(GetOrdersByCustomer, customer_id=buyer)
        with transaction.atomic(using="replica"):
            log.confirm(order)
            log.projected()
            assert statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["confirmed"]
            transaction.set_rollback(True, using="replica")
        assert statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["pending"]


class TestStandby:
    def test_fills_nothing(self, log: Log, monkeypatch: Any) -> None:
        """Whether a real one says so of itself is seen in tests/faults/test_several_replicas.py."""
        monkeypatch.setattr(caching, "is_from_primary", lambda: False)
        for _ in range(2):
            assert statements(ListOrders) == 1


class TestHttp:
    def test_is_the_same_answer_cold_and_warm(self, log: Log, client: Client) -> None:
        buyer = log.customer()
        for _ in range(3):
            log.order(buyer)
        log.projected()
        headers = bearer("ada")
        for query in ("page_size=2", "page_size=2&page=2", "page_size=2&cursor=", "status=shipped"):
            path = f"/api/customers/{buyer}/orders?{query}"
            cold, warm = (client.get(path, headers=headers) for _ in range(2))
            assert (warm.status_code, warm.content) == (200, cold.content)
            assert warm["ETag"] == cold["ETag"]
            unchanged = client.get(path, headers={**headers, "If-None-Match": warm["ETag"]})
            assert (unchanged.status_code, unchanged.content) == (304, b"")

    def test_costs_no_statement(self, log: Log, client: Client, monkeypatch: Any) -> None:
        monkeypatch.setattr(lag, "MEMO_S", 60.0)
        path, headers = "/api/orders", bearer("ada")
        first = client.get(path, headers=headers)
        with CaptureQueriesContext(connections["replica"]) as captured:
            assert client.get(path, headers=headers).status_code == 200
            again = client.get(path, headers={**headers, "If-None-Match": first["ETag"]})
        assert (again.status_code, len(captured)) == (304, 0)

    def test_keeps_no_host(self, log: Log, client: Client, settings: Any) -> None:
        settings.ALLOWED_HOSTS = ["one.example", "two.example"]
        buyer = log.customer()
        for _ in range(2):
            log.order(buyer)
        log.projected()
        path = f"/api/customers/{buyer}/orders?page_size=1"
        for host in settings.ALLOWED_HOSTS:
            answer = client.get(path, headers={**bearer("ada"), "Host": host}).json()
            assert answer["next"] == f"http://{host}{path}&page=2"


@pytest.mark.parametrize("where", ["redis"], indirect=True)
class TestWithoutRedis:
    def test_asks_the_database(self, log: Log, settings: Any, monkeypatch: Any) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        for breaker in (redis_cache.reading, redis_cache.invalidating, wakeups.breaker):
            monkeypatch.setattr(breaker, "_retry_at", 0.0)
        buyer = log.customer()
        for name in ("Ada", "Bea"):
            log.rename(buyer, name)
            log.projected()
            (document,) = ask(ListCustomers).documents
            assert orjson.loads(document)["name"] == name

    def test_makes_good_what_could_not_be_said(self, log: Log, monkeypatch: Any) -> None:
        buyer = log.customer()
        order = log.order(buyer)
        log.projected()
        ask(GetOrdersByCustomer, customer_id=buyer)
        ask(ListCustomers)
        log.confirm(order)
        with monkeypatch.context() as outage:
            outage.setattr(redis_cache.invalidating, "is_open", lambda: True)
            log.projected()
        assert statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["pending"]
        log.order(log.customer())
        log.projected()
        assert statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["confirmed"]


def test_an_id_is_what_events_call_it(where: str) -> None:
    buyer = UUID(int=7)
    assert GetOrdersByCustomer(customer_id=buyer).changed_by == buyer
    assert ListOrders(customer_id=buyer).changed_by == buyer
    assert ListOrders().changed_by is None
