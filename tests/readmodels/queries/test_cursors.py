"""Paging by cursor: every ordering of every list, forwards and backwards."""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, product
from typing import Any, get_args
from uuid import UUID

import orjson
import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cqrs.ids import uuid7
from readmodels.queries import (
    GetOrdersByCustomer,
    GetProductSales,
    ListCustomers,
    ListOrders,
    ListStock,
)
from readmodels.queries.cursors import KINDS, Cursor, read
from readmodels.queries.paging import Page
from tests.readmodels.log import PLACED, REGISTERED, Log
from tests.readmodels.queries.asking import ids, page_of, wrong

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
LISTS: tuple[Any, ...] = (
    ListOrders,
    GetOrdersByCustomer,
    ListCustomers,
    ListStock,
    GetProductSales,
)
EVERY_LIST = pytest.mark.parametrize("query", LISTS)


def orderings(query: Any) -> tuple[str, ...]:
    return get_args(query.model_fields["ordering"].annotation)


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


def keys(page: Page) -> list[str]:
    documents = map(orjson.loads, page.documents)
    return [document.get("id") or document["product_id"] for document in documents]


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
            for cursor in ("", second, Cursor(ordering, backward=True)):
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


def texts_of(value: Any) -> str:
    return urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


KEY = str(UUID(int=7))
MOMENT = "2026-01-31T12:30:00Z"


class TestRefusals:
    @pytest.mark.parametrize(
        "cursor",
        [
            "x",
            "é",
            "====",
            "x" * 3000,
            texts_of(1),
            texts_of([]),
            texts_of(["-order_date", False]),
            texts_of(["-order_date", False, None, None]),
            texts_of(["-order_date", 0, None]),
            texts_of(["order", False, None]),
            texts_of([None, False, None]),
            texts_of(["-order_date", False, [MOMENT]]),
            texts_of(["-order_date", False, [MOMENT, "7"]]),
            texts_of(["-order_date", False, [None, KEY]]),
            texts_of(["-order_date", False, ["2026-01-31T12:30:00", KEY]]),
            texts_of(["-order_date", False, [1.5, KEY]]),
            texts_of(["-order_date", False, [MOMENT, KEY]]) + "=",
            texts_of(["-order_date", False, [MOMENT, KEY]]) + "A",
        ],
    )
    def test_name_a_cursor_that_is_none(self, cursor: str) -> None:
        assert wrong(ListOrders, cursor=cursor) == {"cursor": "cursor"}

    @pytest.mark.parametrize(
        ("ordering", "value"),
        [
            ("total_amount", "NaN"),
            ("total_amount", "1E+400"),
            ("total_amount", 1.5),
            ("customer_name", "a\0b"),
            ("customer_name", None),
        ],
    )
    def test_name_a_value_that_no_row_can_have(self, ordering: str, value: Any) -> None:
        cursor = texts_of([ordering, False, [value, KEY]])
        assert wrong(ListOrders, cursor=cursor, ordering=ordering) == {"cursor": "cursor"}

    @pytest.mark.parametrize("value", [-1, 2**31, "5", None])
    def test_name_a_count_that_is_none(self, value: Any) -> None:
        cursor = texts_of(["order_count", False, [value, KEY]])
        assert wrong(ListCustomers, cursor=cursor, ordering="order_count") == {"cursor": "cursor"}

    def test_name_the_cursor_of_another_ordering(self) -> None:
        cursor = texts_of(["order_date", False, [MOMENT, KEY]])
        assert wrong(ListOrders, cursor=cursor) == {"cursor": "cursor_ordering"}
        assert page_of(ListOrders, cursor=cursor, ordering="order_date").documents == []

    def test_name_a_cursor_beside_a_page(self) -> None:
        assert wrong(ListOrders, cursor="", page="1") == {"cursor": "cursor_and_page"}

    def test_name_all_parameters_at_once(self) -> None:
        assert wrong(ListOrders, cursor="x", page_size="0") == {
            "cursor": "cursor",
            "page_size": "greater_than_equal",
        }


VALUES = {
    datetime: st.datetimes(timezones=st.just(UTC)),
    Decimal: st.decimals(0, 10**20, places=4),
    str: st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200),
    int: st.integers(0, 2**31 - 1),
}
BY_COLUMN = {
    "total_amount": Decimal, "status": str, "customer_name": str, "name": str,
    "order_count": int, "available": int, "revenue": Decimal, "quantity": int,
}  # fmt: skip


class TestTexts:
    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data(), st.sampled_from(sorted(KINDS)), st.booleans(), st.booleans())
    def test_keep_a_place_exactly_and_go_into_an_address(
        self, data: Any, column: str, descending: bool, backward: bool
    ) -> None:
        value = data.draw(VALUES[BY_COLUMN.get(column, datetime)])
        ordering = f"-{column}" if descending else column
        key = f"{uuid7()} USD" if column in ("revenue", "quantity") else uuid7()
        place = Cursor(ordering, backward, (value, key))
        assert read(str(place)) == place
        assert str(place).isascii()
        assert set(str(place)) <= set("-_") | {c for c in str(place) if c.isalnum()}

    def test_are_there_for_every_ordering(self) -> None:
        named = {name.removeprefix("-") for query in LISTS for name in orderings(query)}
        assert named <= set(KINDS)

    def test_of_who_never_ordered_say_so(self) -> None:
        place = Cursor("last_order_at", False, (None, UUID(KEY)))
        assert read(str(place)) == place
