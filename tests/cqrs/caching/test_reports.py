"""Reports and histories are cached like lists, and end with the events that change them."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from cqrs.consistency.tokens import ConsistencyToken
from cqrs.event_log.events import RecordedEvent
from cqrs.messaging import bus
from cqrs.messaging.results import Rejected
from cqrs.queries.results import Results
from orders.events import OrderCreated
from readmodels.projections import PROJECTIONS
from readmodels.projections.order_history import EVENT_NAMES
from readmodels.queries import GetOrderById, GetOrderHistory, GetSalesReport
from tests.cqrs.caching.asking import ask, statements
from tests.support.api import bearer
from tests.support.log import PLACED, Log

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures("where"),
]


def column(answer: Any, name: str) -> list[Any]:
    return [orjson.loads(document)[name] for document in answer.documents]


class TestSalesReport:
    @pytest.mark.parametrize("granularity", ["day", "month"])
    def test_is_cached_until_an_order_changes_the_sums(self, log: Log, granularity: str) -> None:
        order = log.order(log.customer(), total="20.00")
        log.projected()
        payload = {"granularity": granularity}
        first = ask(GetSalesReport, **payload)
        assert isinstance(first, Results)
        assert statements(GetSalesReport, **payload) == 0
        assert ask(GetSalesReport, **payload) == first
        log.order(log.customer(), total="5.00")
        log.projected()
        assert column(ask(GetSalesReport, **payload), "revenue") == ["25.00"]
        log.cancel(order)
        log.projected()
        assert column(ask(GetSalesReport, **payload), "revenue") == ["5.00"]

    def test_stays_warm_when_no_sum_changes(self, log: Log) -> None:
        order = log.order(log.customer())
        log.projected()
        ask(GetSalesReport)
        log.confirm(order)
        log.rename(log.customer(), "Grace")
        log.projected()
        assert statements(GetSalesReport) == 0

    def test_tells_periods_and_currencies_apart(self, log: Log) -> None:
        buyer = log.customer()
        log.order(buyer, total="1.00")
        log.order(buyer, total="2.00", order_date=PLACED + timedelta(days=1))
        log.order(buyer, total="3.00", currency="EUR")
        log.projected()
        day = f"{PLACED:%Y-%m-%d}"
        for _ in range(2):
            assert column(ask(GetSalesReport, currency="USD"), "revenue") == ["1.00", "2.00"]
            assert column(ask(GetSalesReport, to_date=day), "revenue") == ["3.00", "1.00"]
            assert column(ask(GetSalesReport, from_date=day, currency="EUR"), "revenue") == ["3.00"]


class TestOrderHistory:
    def test_is_cached_until_something_happens_to_the_order(self, log: Log) -> None:
        buyer = log.customer()
        order, other = log.order(buyer), log.order(buyer)
        log.projected()
        first = ask(GetOrderHistory, order_id=order)
        assert statements(GetOrderHistory, order_id=order) == 0
        assert ask(GetOrderHistory, order_id=order) == first
        ask(GetOrderHistory, order_id=other)
        for change, name in ((log.confirm, "OrderConfirmed"), (log.cancel, "OrderCancelled")):
            change(order)
            log.projected()
            assert column(ask(GetOrderHistory, order_id=order), "type")[-1] == name
        assert statements(GetOrderHistory, order_id=other) == 0

    def test_is_not_cached_where_there_is_none(self, log: Log) -> None:
        order = log.order(log.customer())
        assert isinstance(bus.ask(GetOrderHistory, {"order_id": order}), Rejected)
        log.projected()
        assert column(ask(GetOrderHistory, order_id=order), "type") == [OrderCreated.__name__]

    def test_goes_by_the_id_that_all_its_events_name(self, log: Log) -> None:
        order = log.order(log.customer())
        for change in (log.confirm, log.ship, log.deliver):
            change(order)
        cancelled = log.order(log.customer())
        log.cancel(cancelled)
        log.alter(cancelled, status="pending")
        events: list[RecordedEvent] = [each for each in log.sequenced() if each.type in EVENT_NAMES]
        assert {event.type for event in events} == {*PROJECTIONS[-1].types}
        for event in events:
            key = event.data["order_id"]
            assert str(GetOrderHistory(order_id=key).changed_by) == key == str(event.stream_id)


class TestCounting:
    def test_exports_what_was_cached_and_what_was_not(self, log: Log, client: Client) -> None:
        """A query that may not be cached, or brings a token, is neither."""
        order = log.order(log.customer())
        log.projected()
        before = self.counted(client)
        for _ in range(3):
            ask(GetOrderHistory, order_id=order)
        ask(GetSalesReport)
        token = ConsistencyToken("order", order, 1).encode()
        ask(GetSalesReport, consistency_token=token)
        ask(GetOrderById, order_id=order)
        counted = self.counted(client)
        more = {labels: count - before.get(labels, 0) for labels, count in counted.items()}
        assert {labels: count for labels, count in more.items() if count} == {
            ("GetOrderHistory", "hit"): 2,
            ("GetOrderHistory", "miss"): 1,
            ("GetSalesReport", "miss"): 1,
        }

    def counted(self, client: Client) -> dict[tuple[str, str], float]:
        said = client.get("/metrics").content.decode()
        return {
            (sample.labels["query"], sample.labels["outcome"]): sample.value
            for family in text_string_to_metric_families(said)
            for sample in family.samples
            if sample.name == "cqrs_cache_lookups_total"
        }


class TestHttp:
    def test_is_the_same_answer_cold_and_warm(self, log: Log, client: Client) -> None:
        order = log.order(log.customer())
        log.projected()
        headers = bearer("ada")
        for path in ("/api/reports/sales?granularity=month", f"/api/orders/{order}/history"):
            cold, warm = (client.get(path, headers=headers) for _ in range(2))
            assert (warm.status_code, warm.content) == (200, cold.content)
            assert warm["ETag"] == cold["ETag"]
            unchanged = client.get(path, headers={**headers, "If-None-Match": warm["ETag"]})
            assert (unchanged.status_code, unchanged.content) == (304, b"")
