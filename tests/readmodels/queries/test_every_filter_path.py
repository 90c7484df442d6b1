"""The form, the message and the API find the rows that plain Python finds, for any values."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.http import QueryDict
from django.utils.http import urlencode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cqrs.queries.filters import filters_of
from cqrs.queries.filtersets import filtered_rows, filterset_of
from readmodels.models import OrderReadModel
from readmodels.queries import ExportOrders, ListOrders
from tests.readmodels.queries.asking import ADA, exported, page_of
from tests.support.log import PLACED

pytestmark = [
    pytest.mark.django_db(databases=["default", "replica"]),
    pytest.mark.usefixtures("nine_orders"),
]


def at(moment: Any, day_time: str) -> datetime:
    if type(moment) is datetime:
        return moment
    return datetime.fromisoformat(f"{moment}T{day_time}+00:00")


def searched(order: OrderReadModel) -> str:
    return f"{order.customer_name} {order.customer_email} {order.pk}".lower()


FULFILS: dict[str, Callable[[OrderReadModel, Any], bool]] = {
    "customer_id": lambda order, key: order.customer_id == key,
    "status": lambda order, statuses: not statuses or order.status in statuses,
    "currency": lambda order, currency: order.currency == currency,
    "from_date": lambda order, first: order.order_date >= at(first, "00:00:00"),
    "to_date": lambda order, last: order.order_date <= at(last, "23:59:59.999999"),
    "min_total": lambda order, least: order.total_amount >= least,
    "max_total": lambda order, most: order.total_amount <= most,
    "search": lambda order, text: all(word in searched(order) for word in text.lower().split()),
}
NEAR = st.integers(-2, 6).map(lambda n: PLACED + timedelta(microseconds=n)) | st.dates(
    date(2026, 1, 30), date(2026, 2, 1)
)
AMOUNTS = st.decimals(-1, 10, places=2)
GIVEN = {
    "customer_id": st.sampled_from([ADA, UUID(int=ADA.int + 1), UUID(int=7)]),
    "status": st.lists(st.sampled_from(["pending", "confirmed", "cancelled"]), unique=True),
    "currency": st.sampled_from(["USD", "EUR", "JPY"]),
    "from_date": NEAR,
    "to_date": NEAR,
    "min_total": AMOUNTS,
    "max_total": AMOUNTS,
    "search": st.sampled_from(["ada", "B", "a b", "@", "7000", "zz", " "]),
}


def as_text(value: Any) -> Any:
    if type(value) is datetime:
        return value.astimezone(UTC).isoformat()
    return value if isinstance(value, list) else str(value)


class TestEveryPath:
    @settings(
        deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.fixed_dictionaries({}, optional=GIVEN))
    def test_finds_what_plain_python_does(self, given: dict[str, Any]) -> None:
        expected = {
            str(order.pk)
            for order in OrderReadModel.objects.all()
            if all(FULFILS[name](order, value) for name, value in given.items())
        }
        payload = {name: as_text(value) for name, value in given.items()}
        by_form = filterset_of(ListOrders)(QueryDict(urlencode(payload, doseq=True)))
        by_message = filtered_rows(ExportOrders.model_validate(payload))
        page = page_of(ListOrders, page_size=100, **payload)
        assert by_form.is_valid()
        assert {str(order.pk) for order in by_form.qs} == expected
        assert {str(order.pk) for order in by_message} == expected
        assert [order.document for order in by_form.qs] == page.documents
        assert {row["order_id"] for row in exported(**payload)} == expected
        assert page.count == len(expected)

    def test_is_tried_with_every_filter(self) -> None:
        assert set(GIVEN) == set(FULFILS) == set(filters_of(ListOrders))

    def test_reads_amounts_exactly(self) -> None:
        query = ListOrders.model_validate({"min_total": "8.00", "max_total": Decimal(8)})
        assert [order.total_amount for order in filtered_rows(query)] == [Decimal("8.0000")]
