"""Cursors are texts that keep a place exactly; what is none is refused."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.db import models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cqrs.messaging.ids import uuid7
from cqrs.queries.cursors import Cursor, read
from readmodels.models import CustomerReadModel, OrderReadModel, ProductSalesReadModel
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

    @pytest.mark.parametrize(
        ("column", "code"), [("email", "cursor_ordering"), ("is_active", "cursor")]
    )
    def test_name_a_column_that_is_no_ordering(self, column: str, code: str) -> None:
        cursor = texts_of([column, False, ["a", KEY]])
        assert wrong(ListCustomers, cursor=cursor) == {"cursor": code}

    def test_name_a_cursor_beside_a_page(self) -> None:
        assert wrong(ListOrders, cursor="", page="1") == {"cursor": "cursor_and_page"}

    def test_name_all_parameters_at_once(self) -> None:
        assert wrong(ListOrders, cursor="x", page_size="0") == {
            "cursor": "cursor",
            "page_size": "greater_than_equal",
        }


VALUES = {
    models.DateTimeField: st.datetimes(timezones=st.just(UTC)),
    models.DecimalField: st.decimals(0, 10**20 - 1, places=4),
    models.CharField: st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200),
    models.PositiveIntegerField: st.integers(0, 2**31 - 1),
    models.PositiveBigIntegerField: st.integers(0, 2**63 - 1),
}
COLUMNS = sorted(
    {(query.model, name.removeprefix("-")) for query in LISTS for name in orderings(query)}, key=str
)
# As they were given out before the types came from the models.
KNOWN = [
    (
        OrderReadModel,
        "WyItb3JkZXJfZGF0ZSIsZmFsc2UsWyIyMDI2LTAxLTMxVDEyOjMwOjAwWiIsIjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAw"
        "LTAwMDAwMDAwMDAwNyJdXQ",
        Cursor("-order_date", False, (datetime(2026, 1, 31, 12, 30, tzinfo=UTC), UUID(int=7))),
    ),
    (
        CustomerReadModel,
        "WyJsYXN0X29yZGVyX2F0Iix0cnVlLFtudWxsLCIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDciXV0",
        Cursor("last_order_at", True, (None, UUID(int=7))),
    ),
    (
        ProductSalesReadModel,
        "WyItcmV2ZW51ZSIsZmFsc2UsWyIxMi41MDAwIiwiN2EgVVNEIl1d",
        Cursor("-revenue", False, (Decimal("12.5000"), "7a USD")),
    ),
    (OrderReadModel, "WyJzdGF0dXMiLHRydWUsbnVsbF0", Cursor("status", True, None)),
]


class TestTexts:
    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data(), st.sampled_from(COLUMNS), st.booleans(), st.booleans())
    def test_hold_a_place_exactly_and_go_into_an_address(
        self, data: Any, column: tuple[Any, str], descending: bool, backward: bool
    ) -> None:
        model, name = column
        value = data.draw(VALUES[type(model._meta.get_field(name))])
        key = f"{uuid7()} USD" if model is ProductSalesReadModel else uuid7()
        place = Cursor(f"-{name}" if descending else name, backward, (value, key))
        assert read(str(place), model) == place
        assert str(place).isascii()
        assert set(str(place)) <= set("-_") | {c for c in str(place) if c.isalnum()}

    @pytest.mark.parametrize(("model", "text", "place"), KNOWN)
    def test_stay_as_they_were(self, model: Any, text: str, place: Cursor) -> None:
        assert (str(place), read(text, model)) == (text, place)
