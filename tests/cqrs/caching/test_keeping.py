"""Answers are cached as they were given, and only those that may be."""

from typing import Any

import orjson
import pytest
from django.db import transaction
from django.test import Client

from cqrs.caching import behavior
from cqrs.conf import conf
from cqrs.messaging import bus
from cqrs.messaging.results import Rejected
from readmodels.queries import (
    GetOrderById,
    GetOrdersByCustomer,
    ListCustomers,
    ListOrders,
    ListStock,
)
from tests.cqrs.caching.asking import ask, statements, statuses
from tests.support.api import bearer
from tests.support.log import Log

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures("where"),
]


class TestKeeping:
    def test_answers_without_a_statement_what_was_asked_before(self, log: Log) -> None:
        buyer = log.customer()
        for _ in range(12):
            log.order(buyer)
        log.projected()
        for payload in ({}, {"page": "2"}, {"cursor": ""}, {"status": ["pending"]}):
            first = ask(GetOrdersByCustomer, customer_id=buyer, **payload)
            assert statements(GetOrdersByCustomer, customer_id=buyer, **payload) == 0
            again = ask(GetOrdersByCustomer, customer_id=buyer, **payload)
            assert (again, again.tag) == (first, first.tag)
            assert len(again.documents) == (2 if "page" in payload else 10)

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
        monkeypatch.setattr(behavior, "MAX_ANSWER_BYTES", 10)
        log.customer()
        log.projected()
        for _ in range(2):
            assert statements(ListCustomers) == 1

    def test_asks_for_permission_first(self, log: Log, client: Client) -> None:
        assert client.get("/api/orders", headers=bearer("ada")).status_code == 200
        stranger = bearer("eve", is_superuser=False, permissions=[])
        assert client.get("/api/orders", headers=stranger).status_code == 403

    def test_is_nothing_that_a_command_passes(self) -> None:
        behaviors = conf().COMMAND_BEHAVIORS
        assert [name for name in behaviors if "caching" in name] == []
        assert "cqrs.caching.behavior.caching" in conf().QUERY_BEHAVIORS


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
        monkeypatch.setattr(behavior, "is_from_primary", lambda: False)
        for _ in range(2):
            assert statements(ListOrders) == 1
