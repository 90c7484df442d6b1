"""Lists of orders refuse what they cannot be asked."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from cqrs.messaging import bus
from cqrs.messaging.context import Context, use_context
from readmodels.queries import ListOrders
from tests.readmodels.queries.asking import wrong

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("status", ["pending", "lost"]),
            ("status", ""),
            ("status", "PENDING"),
            ("currency", "usd"),
            ("currency", "EURO"),
            ("currency", "ZZZ"),
            ("currency", "EUR\n"),
            ("customer_id", "42"),
            ("customer_id", ["a", "b"]),
            ("from_date", "yesterday"),
            ("from_date", "2026-02-30"),
            ("to_date", "2026-01-01T10:00:00"),
            ("to_date", "1767225600"),
            ("to_date", ""),
            ("min_total", "much"),
            ("min_total", "NaN"),
            ("max_total", "Infinity"),
            ("max_total", "1e400"),
            ("search", "x" * 201),
            ("search", "a\0b"),
            ("ordering", "id"),
            ("ordering", "--order_date"),
            ("ordering", ["order_date", "status"]),
            ("page", "0"),
            ("page", "-1"),
            ("page", "one"),
            ("page_size", "0"),
            ("page_size", "101"),
            ("limit", "5"),
        ],
    )
    def test_name_the_parameter(self, name: str, value: Any) -> None:
        assert list(wrong(ListOrders, **{name: value})) == [name]

    def test_name_all_parameters_at_once(self) -> None:
        assert wrong(ListOrders, page="0", ordering="x", colour="red") == {
            "page": "greater_than_equal",
            "ordering": "literal_error",
            "colour": "extra_forbidden",
        }

    def test_a_user_who_may_not_see_orders(self) -> None:
        may = Context(permissions=frozenset({"readmodels.view_customers"}))
        with use_context(may), pytest.raises(PermissionDenied, match="view_orders"):
            bus.ask(ListOrders, {})
