"""FilterSets that the messages generate: the same names, the same rows, the same refusals."""

from typing import Any

import pytest
from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.http import urlencode

from cqrs.messaging import bus
from cqrs.messaging.results import Rejected
from cqrs.queries.filtersets import filterset_of
from readmodels.queries import (
    GetProductSales,
    GetSalesReport,
    ListCustomers,
    ListOrders,
    ListStock,
)
from readmodels.specifications import was_sold
from tests.readmodels.queries.asking import ADA, orderings, page_of

pytestmark = [
    pytest.mark.django_db(databases=["default", "replica"]),
    pytest.mark.usefixtures("nine_orders"),
]
LISTS = pytest.mark.parametrize("query", [ListOrders, ListCustomers, ListStock, GetProductSales])
NO_FILTER = {"page", "page_size", "cursor", "granularity"}
VALUES = {
    "customer_id": [str(ADA), "42"],
    "status": ["pending", "shipped", "lost", "pending&status=confirmed"],
    "currency": ["EUR", "usd", "ZZZ"],
    "from_date": ["2026-01-31", "2026-01-31T12:30:00.000001Z", "2026-02-30", "x"],
    "to_date": ["2026-01-31", "2026-01-31T13:30:00%2B01:00", "2026-01-31T12:30:00"],
    "min_total": ["2", "0", "2.001", "x", "NaN", "Infinity"],
    "max_total": ["2", "-1", "1e400"],
    "search": ["ADA", "a b", "zz", "%20", "x" * 201, "", "a%00b"],
    "is_active": ["true", "false", "0", "perhaps"],
    "ordering": ["id", "--name"],
}


def rows_of(query: Any) -> QuerySet[Any]:
    """Return the rows that the handler shows without any filter."""
    rows = query.model.objects.all()
    return rows.filter(was_sold()) if query is GetProductSales else rows


def names(query: Any) -> set[str]:
    return set(query.model_fields) - query.server_set_fields() - NO_FILTER


def query_strings(query: Any) -> list[str]:
    texts = [f"{name}={value}" for name in sorted(names(query)) for value in VALUES[name]]
    texts += [f"ordering={ordering}" for ordering in orderings(query)]
    return ["", *texts]


def payload_of(query: Any, given: QueryDict) -> dict[str, Any]:
    repeatable = query.repeatable_fields()
    return {name: given.getlist(name) if name in repeatable else given[name] for name in given}


@LISTS
class TestFilterSets:
    def test_have_the_names_of_the_message(self, query: Any) -> None:
        assert set(filterset_of(query).base_filters) == names(query)

    def test_find_and_refuse_what_the_message_does(self, query: Any) -> None:
        for text in query_strings(query):
            given = QueryDict(text)
            payload = payload_of(query, given)
            filters = filterset_of(query)(given, rows_of(query))
            answer = bus.ask(query, payload)
            if isinstance(answer, Rejected):
                assert {(name, message) for name, each in filters.errors.items()
                        for message in each} == {(error.field, error.message)
                        for error in answer.errors}, text  # fmt: skip
            else:
                expected = page_of(query, page_size=100, **payload).documents
                assert filters.is_valid(), text
                assert list(filters.qs.values_list("document", flat=True)) == expected, text


class TestForms:
    def test_offer_what_a_type_lists(self) -> None:
        orders, customers = filterset_of(ListOrders)().form, filterset_of(ListCustomers)().form
        assert offered(orders["status"]) == [
            "pending", "confirmed", "shipped", "delivered", "cancelled",
        ]  # fmt: skip
        assert offered(orders["currency"])[:4] == ["", "AED", "AFN", "ALL"]
        assert offered(customers["is_active"]) == ["", "true", "false"]
        assert offered(orders["ordering"]) == ["", *orderings(ListOrders)]
        assert type(orders["search"].field.widget) is forms.TextInput

    def test_take_nothing_for_not_given(self) -> None:
        text = urlencode([(name, "") for name in names(ListOrders) - {"status"}])
        filters = filterset_of(ListOrders)(QueryDict(text))
        assert filters.is_valid()
        assert filters.qs.count() == 9
        assert filters.form.cleaned_data["ordering"] == "-order_date"

    def test_of_reports_filter_too(self) -> None:
        text = "from_date=2026-01-31&to_date=2026-01-31T23:59:59Z&currency=EUR"
        found = filterset_of(GetSalesReport)(QueryDict(text)).qs
        assert [row.pk for row in found] == ["2026-01-31 EUR"]
        text = "to_date=2026-01-30"
        assert filterset_of(GetSalesReport)(QueryDict(text)).qs.count() == 0


def offered(field: Any) -> list[str]:
    return [value for value, _ in field.field.widget.choices]
