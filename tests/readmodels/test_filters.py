"""The filter sets say what the messages say: the same names, the same rows, the same refusals."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.http import QueryDict

from cqrs.messaging import bus
from cqrs.messaging.results import Rejected
from readmodels.filters import (
    CustomerFilterSet,
    OrderFilterSet,
    ProductSalesFilterSet,
    ReadFilterSet,
    StockFilterSet,
)
from readmodels.models import (
    CustomerReadModel,
    OrderReadModel,
    ProductSalesReadModel,
    StockReadModel,
)
from readmodels.queries import GetProductSales, ListCustomers, ListOrders, ListStock
from tests.readmodels.queries.asking import orderings, page_of
from tests.support.log import PLACED, Log

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
PAIRS = [
    (OrderFilterSet, ListOrders, OrderReadModel),
    (CustomerFilterSet, ListCustomers, CustomerReadModel),
    (StockFilterSet, ListStock, StockReadModel),
    (ProductSalesFilterSet, GetProductSales, ProductSalesReadModel),
]
PAGING = {"page", "page_size", "cursor"}
ADA = UUID("018f0000-0000-7000-8000-000000000000")
VALUES = {
    "customer_id": [str(ADA), "42"],
    "status": ["pending", "shipped", "lost", "pending&status=confirmed"],
    "currency": ["EUR", "usd", "ZZZ"],
    "from_date": ["2026-01-31", "2026-01-31T12:30:00.000001Z", "2026-02-30", "x"],
    "to_date": ["2026-01-31", "2026-01-31T13:30:00%2B01:00", "2026-01-31T12:30:00"],
    "min_total": ["2", "0", "2.001", "x", "NaN", "Infinity"],
    "max_total": ["2", "-1", "1e400"],
    "search": ["ADA", "a b", "zz", "x" * 201, "", "a%00b"],
    "is_active": ["true", "false"],
    "ordering": ["id", "--name"],
}


@pytest.fixture(autouse=True)
def rows(log: Log) -> None:
    customers = [log.customer(name) for name in ("Ada", "Bo", "Ada B")]
    assert customers[0] == ADA
    log.deactivate(customers[1])
    for number in range(9):
        currency = ("USD", "EUR")[number % 2]
        date = PLACED + timedelta(microseconds=number // 2)
        order = log.order(customers[number % 3], total=f"{number}.00", currency=currency,
                          order_date=date)  # fmt: skip
        if number % 4 == 0:
            log.confirm(order)
        if number == 4:
            log.cancel(order)
    for name in ("Lamp", "Mat", "Lamp Ada"):
        log.stock(name=name)
    log.projected()


def parameters(query: Any) -> list[str]:
    named = set(query.model_fields) - query.server_set_fields() - PAGING
    texts = [f"{name}={value}" for name in sorted(named) for value in VALUES[name]]
    texts += [f"ordering={ordering}" for ordering in orderings(query)]
    return ["", *texts]


@pytest.mark.parametrize(("filter_set", "query", "model"), PAIRS)
class TestFilterSets:
    def test_have_the_names_of_the_message(
        self, filter_set: type[ReadFilterSet], query: Any, model: Any
    ) -> None:
        named = set(query.model_fields) - query.server_set_fields() - PAGING
        assert set(filter_set.base_filters) == named

    def test_find_and_refuse_what_the_message_does(
        self, filter_set: type[ReadFilterSet], query: Any, model: Any
    ) -> None:
        for text in parameters(query):
            given = QueryDict(text)
            repeatable = query.repeatable_fields()
            payload = {name: given.getlist(name) if name in repeatable else given[name]
                       for name in given}  # fmt: skip
            filters = filter_set(given, model.objects.all())
            if isinstance(bus.ask(query, payload), Rejected):
                assert not filters.is_valid(), text
                assert set(filters.errors) == set(payload)
            else:
                expected = page_of(query, page_size=100, **payload).documents
                assert filters.is_valid(), text
                assert list(filters.qs.values_list("document", flat=True)) == expected
