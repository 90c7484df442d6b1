"""A process that missed an announcement gives old answers for a while, and no longer."""

from typing import Any

import orjson
import pytest

from cqrs.caching.answer_cache import answer_cache
from cqrs.consistency.tokens import ConsistencyToken
from cqrs.notifications.publisher import publisher
from cqrs.queries.paging import ListQuery
from readmodels.queries import (
    GetOrdersByCustomer,
    ListCustomers,
)
from tests.cqrs.caching.asking import ask, news_lost, statuses
from tests.support.desk import wait_for
from tests.support.log import Log

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
    def test_asks_the_database(self, log: Log, settings: Any, monkeypatch: Any) -> None:
        settings.CQRS = {**settings.CQRS, "REDIS_URL": "redis://127.0.0.1:1/0"}
        cache = answer_cache.redis
        for breaker in (cache.reading, cache.invalidating, publisher.breaker):
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
            outage.setattr(answer_cache.redis.invalidating, "is_open", lambda: True)
            log.projected()
        assert statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["pending"]
        log.order(log.customer())
        log.projected()
        assert statuses(ask(GetOrdersByCustomer, customer_id=buyer)) == ["confirmed"]
