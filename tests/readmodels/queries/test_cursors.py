"""Cursors are texts that keep a place exactly; what is none is refused."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.db import models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cqrs.messaging.ids import uuid7
from cqrs.queries.cursors import Cursor, read
from readmodels.models import OrderReadModel, ProductSalesReadModel
from readmodels.queries import GetOrdersByCustomer, ListCustomers, ListOrders, ListStock
from tests.readmodels.queries.asking import LISTS, orderings, page_of, wrong

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


def texts_of(value: Any) -> str:
    return urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


KEY = str(UUID(int=7))
MOMENT = "2026-01-31T12:30:00Z"
SCOPE = ListOrders().scope
PLACE = (datetime(2026, 1, 31, 12, 30, tzinfo=UTC), UUID(int=7))


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
            texts_of(["-order_date", False, None]),
            texts_of(["-order_date", False, None, SCOPE, None]),
            texts_of(["-order_date", 0, None, SCOPE]),
            texts_of(["-order_date", False, None, 7]),
            texts_of(["order", False, None, SCOPE]),
            texts_of([None, False, None, SCOPE]),
            texts_of(["", False, None, ""]),
            texts_of(["-order_date", False, [MOMENT], SCOPE]),
            texts_of(["-order_date", False, [MOMENT, "7"], SCOPE]),
            texts_of(["-order_date", False, [MOMENT, f"urn:uuid:{KEY}"], SCOPE]),
            texts_of(["-order_date", False, [None, KEY], SCOPE]),
            texts_of(["-order_date", False, ["2026-01-31T12:30:00", KEY], SCOPE]),
            texts_of(["-order_date", False, ["2026-01-31T12:30:00+00:00", KEY], SCOPE]),
            texts_of(["-order_date", False, ["9999-12-31T23:59:59-23:59", KEY], SCOPE]),
            texts_of(["-order_date", False, ["0001-01-01T00:00:00+00:01", KEY], SCOPE]),
            texts_of(["-order_date", False, [1.5, KEY], SCOPE]),
            texts_of(["-order_date", False, [45306, KEY], SCOPE]),
            texts_of(["-order_date", False, [MOMENT, KEY], SCOPE]) + "=",
            texts_of(["-order_date", False, [MOMENT, KEY], SCOPE]) + "A",
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
        cursor = texts_of([ordering, False, [value, KEY], SCOPE])
        assert wrong(ListOrders, cursor=cursor, ordering=ordering) == {"cursor": "cursor"}

    @pytest.mark.parametrize("value", [-1, 2**31, "5", None])
    def test_name_a_count_that_is_none(self, value: Any) -> None:
        cursor = texts_of(["order_count", False, [value, KEY], ListCustomers().scope])
        assert wrong(ListCustomers, cursor=cursor, ordering="order_count") == {"cursor": "cursor"}

    def test_name_the_cursor_of_another_ordering(self) -> None:
        cursor = texts_of(["order_date", False, [MOMENT, KEY], SCOPE])
        assert wrong(ListOrders, cursor=cursor) == {"cursor": "cursor_ordering"}
        assert page_of(ListOrders, cursor=cursor, ordering="order_date").documents == []

    @pytest.mark.parametrize(
        ("column", "code"), [("email", "cursor_ordering"), ("is_active", "cursor")]
    )
    def test_name_a_column_that_is_no_ordering(self, column: str, code: str) -> None:
        cursor = texts_of([column, False, ["a", KEY], SCOPE])
        assert wrong(ListCustomers, cursor=cursor) == {"cursor": code}

    @pytest.mark.parametrize(
        "filters",
        [{"status": "pending"}, {"customer_id": KEY}, {"from_date": "2026-01-01"}, {"search": "a"},
         {"currency": "EUR"}, {"min_total": "1"}],
    )  # fmt: skip
    def test_name_the_cursor_of_other_filters(self, filters: dict[str, str]) -> None:
        cursor = str(Cursor("-order_date", False, PLACE, SCOPE))
        assert wrong(ListOrders, cursor=cursor, **filters) == {"cursor": "cursor_list"}
        own = str(Cursor("-order_date", False, PLACE, ListOrders.model_validate(filters).scope))
        assert page_of(ListOrders, cursor=own, **filters).documents == []
        assert wrong(ListOrders, cursor=own) == {"cursor": "cursor_list"}

    def test_name_the_cursor_of_another_list(self) -> None:
        cursor = str(Cursor("name", False, ("a", UUID(int=7)), ListCustomers().scope))
        assert page_of(ListCustomers, cursor=cursor, ordering="name").documents == []
        assert wrong(ListStock, cursor=cursor, ordering="name") == {"cursor": "cursor_list"}
        cursor = str(Cursor("-order_date", False, PLACE, SCOPE))
        of_one = {"customer_id": KEY, "cursor": cursor}
        assert wrong(GetOrdersByCustomer, **of_one) == {"cursor": "cursor_list"}

    def test_name_no_filter_that_is_written_in_another_way(self) -> None:
        scopes = {
            ListOrders.model_validate(parameters).scope
            for parameters in (
                {"min_total": "1.0", "customer_id": KEY, "from_date": "2026-01-31T01:00:00+01:00"},
                {"min_total": "1", "customer_id": KEY.upper(), "from_date": "2026-01-31T00:00:00Z",
                 "search": "", "page": "3", "page_size": "7"},
            )
        }  # fmt: skip
        assert len(scopes) == 1

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


class TestTexts:
    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data(), st.sampled_from(COLUMNS), st.booleans(), st.booleans())
    def test_hold_a_place_exactly_and_go_into_an_address(
        self, data: Any, column: tuple[Any, str], descending: bool, backward: bool
    ) -> None:
        model, name = column
        value = data.draw(VALUES[type(model._meta.get_field(name))])
        key = f"{uuid7()} USD" if model is ProductSalesReadModel else uuid7()
        place = Cursor(f"-{name}" if descending else name, backward, (value, key), SCOPE)
        assert read(str(place), model) == place
        assert str(place).isascii()
        assert set(str(place)) <= set("-_") | {c for c in str(place) if c.isalnum()}

    def test_stay_as_they_were(self) -> None:
        """A cursor does not expire: what was given out must be readable for ever."""
        text = (
            "WyItb3JkZXJfZGF0ZSIsZmFsc2UsWyIyMDI2LTAxLTMxVDEyOjMwOjAwWiIsIjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAw"
            "LTAwMDAwMDAwMDAwNyJdLCJkZjBlM2NjYTY2M2FhOGEyIl0"
        )
        place = Cursor("-order_date", False, PLACE, SCOPE)
        assert (str(place), read(text, OrderReadModel)) == (text, place)

    @given(st.text(max_size=40) | st.text("WyJhIiwxXQ-_=", max_size=40))
    def test_have_one_meaning_or_none(self, text: str) -> None:
        try:
            place = read(text, OrderReadModel)
        except ValueError:
            return
        assert str(place) == text
