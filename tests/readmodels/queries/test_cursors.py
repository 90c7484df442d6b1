"""Cursors are texts that keep a place exactly; what is none is refused."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cqrs.messaging.ids import uuid7
from cqrs.queries.cursors import KINDS, Cursor, read
from readmodels.queries import (
    ListCustomers,
    ListOrders,
)
from tests.readmodels.queries.asking import LISTS, orderings, page_of, wrong

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


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
