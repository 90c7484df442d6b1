"""A process that missed an announcement gives old answers for a while, and no longer."""

from typing import Any

import orjson
import pytest

from cqrs import redis_server
from cqrs.consistency.tokens import ConsistencyToken
from cqrs.queries.paging import ListQuery
from readmodels.queries import (
    GetOrdersByCustomer,
    ListCustomers,
)
from tests.cqrs.caching.asking import ask, news_lost, statements, statuses
from tests.support.desk import wait_for
from tests.support.kernel_settings import cqrs
from tests.support.log import Log
from tests.support.redis_faults import refusing
from tests.support.servers import PrivateRedis

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures("where"),
]


class TestLostNews:
    @pytest.mark.parametrize(("seconds", "status"), [(60.0, "pending"), (0.5, "confirmed")])
    def test_costs_the_duration(
        self, log: Log, monkeypatch: Any, seconds: float, status: str
    ) -> None:
        monkeypatch.setattr(ListQuery, "cache_for_s", seconds)
        buyer = log.customer()
        order = log.order(buyer)
        log.projected()
        ask(GetOrdersByCustomer, customer_id=buyer)
        log.confirm(order)
        with news_lost():
            log.projected()
        wait_for(lambda: statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == [status], 30)

    def test_does_not_concern_who_brings_a_token(self, log: Log) -> None:
        buyer = log.customer()
        order = log.order(buyer)
        log.projected()
        ask(GetOrdersByCustomer, customer_id=buyer)
        log.confirm(order)
        with news_lost():
            log.projected()
        token = ConsistencyToken("order", order, 2).encode()
        asked: dict[str, Any] = {"customer_id": buyer, "wait_s": 0}
        assert statuses(ask(GetOrdersByCustomer, **asked)) == ["pending"]
        assert statuses(ask(GetOrdersByCustomer, consistency_token=token, **asked)) == ["confirmed"]


@pytest.mark.parametrize("where", ["redis"], indirect=True)
class TestWithoutRedis:
    def test_asks_the_database(self, log: Log) -> None:
        buyer = log.customer()
        with cqrs(REDIS_URL="redis://127.0.0.1:1/0"):
            for name in ("Ada", "Bea"):
                log.rename(buyer, name)
                log.projected()
                (document,) = ask(ListCustomers).documents
                assert orjson.loads(document)["name"] == name

    def test_gives_no_old_answer_when_redis_is_back(self, log: Log, redis: PrivateRedis) -> None:
        """The invalidation is lost, and the answer is still there."""
        buyer = log.customer()
        order = log.order(buyer)
        log.projected()
        with cqrs(REDIS_URL=redis.url):
            ask(GetOrdersByCustomer, customer_id=buyer)
            assert statements(GetOrdersByCustomer, customer_id=buyer) == 0
            log.confirm(order)
            with refusing(redis):
                log.projected()
                assert redis_server.shared().is_away
            assert statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["confirmed"]
            wait_for(lambda: not redis_server.shared().is_away)
            assert statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["confirmed"]
            assert statements(GetOrdersByCustomer, customer_id=buyer) == 0
