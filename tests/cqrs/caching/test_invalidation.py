"""A cached answer is given until a change invalidates it, and not longer."""

from typing import Any
from uuid import UUID

import orjson
import pytest

from cqrs.caching.answer_cache import answer_cache
from cqrs.caching.redis import RedisCache
from cqrs.event_log.signals import announce_applied, batches_applied
from cqrs.messaging import bus
from cqrs.notifications.changes import MAX_IDS
from readmodels.projections import PROJECTIONS
from readmodels.queries import (
    GetOrdersByCustomer,
    ListCustomers,
    ListOrders,
    ListStock,
)
from tests.cqrs.caching.asking import ask, statements, statuses
from tests.support.desk import wait_for
from tests.support.log import Log
from tests.support.threads import together

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures("where"),
]


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
        announce_applied([(PROJECTIONS[0], ())])
        assert statements(GetOrdersByCustomer, customer_id=buyer) == 1
        assert statements(ListOrders) == 1
        assert statements(ListCustomers) == 0

    def test_takes_everything_when_a_batch_names_too_much(self, log: Log) -> None:
        buyer = log.customer()
        log.projected()
        ask(GetOrdersByCustomer, customer_id=buyer)
        for _ in range(MAX_IDS * PROJECTIONS[0].partitions):
            log.customer()
        log.projected()
        assert statements(GetOrdersByCustomer, customer_id=buyer) == 1

    def test_crosses_processes(self, log: Log, where: str, monkeypatch: Any) -> None:
        """The worker's process has cached nothing itself: it only announces what it has changed."""
        buyer = log.customer()
        order = log.order(buyer)
        log.projected()
        ask(GetOrdersByCustomer, customer_id=buyer)
        if where == "redis":
            monkeypatch.setattr(answer_cache, "redis", RedisCache())
        else:
            batches_applied.disconnect(dispatch_uid="cqrs.invalidate")
        log.confirm(order)
        try:
            log.projected()
        finally:
            answer_cache.connect()
        wait_for(lambda: statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["confirmed"], 30)


class TestFillRace:
    def test_leaves_nothing_behind_that_was_read_before_a_commit(
        self, log: Log, monkeypatch: Any
    ) -> None:
        """Read, then commit and invalidate, then store: the next read gets the new answer."""
        buyer = log.customer()
        order = log.order(buyer)
        log.projected()
        handler = bus.handlers()[GetOrdersByCustomer]

        def overtaken(query: Any) -> Any:
            result = handler(query)
            log.confirm(order)
            together(log.projected)
            return result

        with monkeypatch.context() as slow:
            slow.setitem(bus.handlers(), GetOrdersByCustomer, overtaken)
            assert statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["pending"]
        assert statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["confirmed"]
        assert statements(GetOrdersByCustomer, customer_id=buyer) == 0


def test_an_id_is_what_events_call_it(where: str) -> None:
    buyer = UUID(int=7)
    assert GetOrdersByCustomer(customer_id=buyer).changed_by == buyer
    assert ListOrders(customer_id=buyer).changed_by == buyer
    assert ListOrders().changed_by is None
