"""Lists of orders come in pages, for a bounded number of statements."""

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from cqrs.messaging import bus
from cqrs.messaging.results import Rejected
from cqrs.queries import paging, specifications
from readmodels.queries import ListOrders, latest_orders
from tests.readmodels.queries.asking import page_of
from tests.support.log import Log

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


class TestPages:
    def test_divide_the_list(self, log: Log) -> None:
        customer = log.customer()
        for _ in range(25):
            log.order(customer)
        log.projected()
        pages = [page_of(ListOrders, page=str(number)) for number in (1, 2, 3)]
        assert [len(page.documents) for page in pages] == [10, 10, 5]
        assert [page.has_next for page in pages] == [True, True, False]
        assert {(page.count, page.count_capped, page.page_size) for page in pages} == {
            (25, False, 10)
        }
        assert len({text for page in pages for text in page.documents}) == 25
        assert page_of(ListOrders, page="5", page_size="5").has_next is False

    def test_past_the_end_are_not_found(self, log: Log) -> None:
        log.order(log.customer())
        log.projected()
        for number in ("2", "1000000", "9" * 30):
            result = bus.ask(ListOrders, {"page": number})
            assert isinstance(result, Rejected)
            assert (result.code, result.message) == ("not_found", f"There is no page {number}")

    def test_the_first_of_nothing_is_empty(self, log: Log) -> None:
        page = page_of(ListOrders)
        assert (page.count, page.documents, page.has_next) == (0, [], False)

    def test_count_no_further_than_the_cap(self, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(specifications, "COUNT_CAP", 3)
        monkeypatch.setattr(paging, "COUNT_CAP", 3)
        monkeypatch.setattr(latest_orders, "COUNT_CAP", 3)
        customer = log.customer()
        for count, capped in ((3, False), (3, True), (3, True)):
            while len(log.orders) < 3:
                log.order(customer)
            log.projected()
            page = page_of(ListOrders, page_size="1")
            assert (page.count, page.count_capped) == (count, capped)
            log.order(customer)
        last = page_of(ListOrders, page_size="1", page="5")
        assert (last.count, last.count_capped, last.has_next) == (3, True, False)


class TestStatements:
    def test_are_two_at_most_and_none_on_default(self, log: Log) -> None:
        customer = log.customer()
        for _ in range(12):
            log.order(customer)
        log.projected()
        everything = {"customer_id": str(customer), "status": ["pending", "shipped"],
                      "search": "ada", "from_date": "2026-01-01"}  # fmt: skip
        for payload, statements in (
            ({}, 1),  # compiled
            (everything, 2),
            ({"page": "2"}, 1),
            ({"page": "3"}, 1),
            ({"search": "nobody"}, 1),
        ):
            with (
                CaptureQueriesContext(connections["replica"]) as on_replica,
                CaptureQueriesContext(connections["default"]) as on_default,
            ):
                bus.ask(ListOrders, payload)
            assert (len(on_replica), len(on_default)) == (statements, 0), payload
