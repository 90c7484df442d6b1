"""Paging by cursor: every ordering of every list, forwards and backwards."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count, product
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from cqrs.queries.cursors import Cursor
from cqrs.queries.pages import Page
from readmodels.queries import (
    GetOrdersByCustomer,
    ListOrders,
)
from tests.readmodels.queries.asking import LISTS, ids, keys, orderings, page_of
from tests.support.log import PLACED, REGISTERED, Log

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
EVERY_LIST = pytest.mark.parametrize("query", LISTS)


@pytest.fixture
def parameters(log: Log) -> Callable[..., dict[str, Any]]:
    """Return what a list needs besides paging; there are 11 rows of each with many ties."""
    customers = [
        log.customer(f"Ünal {n % 3}", registered_at=REGISTERED + timedelta(microseconds=n // 2))
        for n in range(11)
    ]
    for n in range(11):
        log.stock(name=f"Lamp {n % 2}", on_hand=n % 4)
        customer = customers[n % 4] if n < 8 else customers[0]
        date = PLACED + timedelta(microseconds=n // 3)
        order = log.order(customer, total=f"{n % 3}.{n % 2}001", order_date=date)
        if n % 3 == 0:
            log.confirm(order)
    for _ in range(6):
        log.order(customers[0], order_date=PLACED)
    log.projected()

    def of(query: Any) -> dict[str, Any]:
        return {"customer_id": customers[0]} if query is GetOrdersByCustomer else {}

    return of


def walk(query: Any, start: str, way: str = "next", **payload: Any) -> Iterator[Page]:
    cursor: Any = start
    for turn in count():
        if cursor is None:
            return
        assert turn < 100, "it goes in circles"
        page = page_of(query, cursor=str(cursor), **payload)
        yield page
        cursor = getattr(page, way)


class TestWalking:
    @EVERY_LIST
    def test_sees_each_row_once_in_order(self, parameters: Any, query: Any) -> None:
        for ordering, size in product(orderings(query), (1, 2, 3, 5, 100)):
            payload = {"ordering": ordering, **parameters(query)}
            whole = keys(page_of(query, page_size=100, **payload))
            pages = list(walk(query, "", page_size=size, **payload))
            assert [key for page in pages for key in keys(page)] == whole, ordering
            assert len(pages) == -(-len(whole) // size)
            assert {(page.count, page.page, page.count_capped) for page in pages} == {
                (None, None, False)
            }

    @EVERY_LIST
    def test_leads_back_to_the_same_pages(self, parameters: Any, query: Any) -> None:
        for ordering in orderings(query):
            payload = {"ordering": ordering, "page_size": 3, **parameters(query)}
            pages = list(walk(query, "", **payload))
            assert pages[0].previous is None
            back = list(walk(query, str(pages[-1].previous), "previous", **payload))
            assert [keys(page) for page in back] == [keys(page) for page in pages[-2::-1]]
            assert all(page.has_next and page.next is not None for page in back)
            assert keys(page_of(query, cursor=str(back[-1].next), **payload)) == keys(pages[1])

    @EVERY_LIST
    def test_is_not_disturbed_by_rows_that_come_in_between(
        self, parameters: Any, log: Log, query: Any
    ) -> None:
        for ordering in orderings(query):
            payload = {"ordering": ordering, **parameters(query)}
            before, seen = keys(page_of(query, page_size=100, **payload)), []
            for number, page in enumerate(walk(query, "", page_size=2, **payload)):
                seen += keys(page)
                if number in (1, 3):
                    _grow(log, number, payload.get("customer_id"))
            assert len(seen) == len(set(seen)), ordering
            assert [key for key in seen if key in set(before)] == before, ordering

    @EVERY_LIST
    def test_takes_one_statement(self, parameters: Any, query: Any) -> None:
        for ordering in orderings(query):
            payload = {"ordering": ordering, "page_size": 2, **parameters(query)}
            second = page_of(query, cursor="", **payload).next
            scope = query.model_validate(payload).scope
            for cursor in ("", second, Cursor(ordering, backward=True, scope=scope)):
                with (
                    CaptureQueriesContext(connections["replica"]) as on_replica,
                    CaptureQueriesContext(connections["default"]) as on_default,
                ):
                    page_of(query, cursor=str(cursor), **payload)
                assert (len(on_replica), len(on_default)) == (1, 0)

    def test_goes_with_every_filter(self, parameters: Any) -> None:
        payload = {"status": ["pending", "confirmed"], "search": "ünal", "min_total": "0.5",
                   "currency": "USD", "from_date": "2026-01-31"}  # fmt: skip
        whole = ids(ListOrders, page_size=100, **payload)
        pages = walk(ListOrders, "", page_size=2, **payload)
        assert [key for page in pages for key in keys(page)] == whole
        assert len(whole) > 4

    def test_finds_its_way_when_the_rows_ahead_are_gone(self, log: Log) -> None:
        customer = log.customer()
        first, second = (log.order(customer) for _ in range(2))
        log.projected()
        payload: dict[str, Any] = {"status": "pending", "page_size": 1}
        following = page_of(ListOrders, cursor="", **payload).next
        log.confirm(first)
        log.projected()
        empty = page_of(ListOrders, cursor=str(following), **payload)
        assert (empty.documents, empty.next) == ([], None)
        last = page_of(ListOrders, cursor=str(empty.previous), **payload)
        assert (keys(last), last.next, last.previous) == ([str(second)], None, None)

    def test_begins_with_nothing_of_nothing(self) -> None:
        page = page_of(ListOrders, cursor="")
        assert (page.documents, page.next, page.previous) == ([], None, None)


def _grow(log: Log, number: int, customer_id: UUID | None) -> None:
    """Add rows to every list, none of which moves a row that was there."""
    customer = log.customer(f"Ünal {number % 3}")
    log.order(customer, order_date=PLACED + timedelta(microseconds=number))
    if customer_id is not None:
        log.order(customer_id, order_date=PLACED + timedelta(microseconds=number))
    log.stock(name="Lamp 1", on_hand=number)
    log.projected()
