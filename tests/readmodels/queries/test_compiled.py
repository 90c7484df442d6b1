"""The compiled texts answer what the general path does, and the server prepares them."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connections
from django.db.models import Model

from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Ok, Rejected, Result
from cqrs.queries import compiled
from cqrs.queries.compiled import document_by_id, fetch
from cqrs.queries.filters import filters_of
from cqrs.queries.filtersets import filterset_of
from cqrs.queries.pages import StoredDocument
from readmodels.models import CustomerReadModel, OrderReadModel, StockReadModel
from readmodels.queries import GetOrdersByCustomer, ListOrders, latest_orders, order_filters
from readmodels.queries.latest_orders import LatestOrders
from tests.readmodels.queries.asking import page_of
from tests.support.log import PLACED, Log

NOT_COMPILED = {
    "currency": "USD", "from_date": "2020-01-01", "to_date": "2030-01-01",
    "min_total": "0", "max_total": "1000000000", "search": "a",
}  # fmt: skip

pytestmark = [
    pytest.mark.django_db(databases=["default", "replica"]),
    pytest.mark.postgresql_version,
]


@pytest.fixture
def customers(log: Log) -> list[Any]:
    """Return three customers, the last without orders."""
    customers = [log.customer() for _ in range(3)]
    for number in range(23):
        date = PLACED + timedelta(microseconds=number // 3)
        order = log.order(customers[number % 2], order_date=date)
        if number % 4 == 0:
            log.confirm(order)
    log.projected()
    return customers


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collect what was read through a compiled text."""
    made: list[Any] = []

    def counting(text: str, *values: Any) -> list[Any]:
        made.append(text)
        return fetch(text, *values)

    for module in (compiled, latest_orders):
        monkeypatch.setattr(module, "fetch", counting)
    return made


def both_ways(monkeypatch: pytest.MonkeyPatch, query: Any, payload: Any) -> list[Result[Any]]:
    hot = bus.ask(query, payload)
    with monkeypatch.context() as patch:
        patch.setattr(order_filters, "has_compiled_sql", lambda _: False)
        return [hot, bus.ask(query, payload)]


class TestLatestOrders:
    def test_answers_as_the_general_path(
        self, customers: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        statuses = ([], ["pending"], ["confirmed"], ["shipped"])
        sizes, numbers = (1, 4, 10, 100), (None, 1, 2, 6, 99)
        for status, size, page in product(statuses, sizes, numbers):
            payload: dict[str, Any] = {"status": status, "page_size": size}
            if page is not None:
                payload["page"] = page
            self._agree(monkeypatch, customers, payload)

    def test_answers_as_the_general_path_by_cursor(
        self, customers: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for status, size in product(([], ["pending"], ["shipped"]), (1, 4, 100)):
            payload: dict[str, Any] = {"status": status, "page_size": size}
            self._walk(monkeypatch, ListOrders, payload)
            for customer in (*customers, uuid7()):
                of_one = {**payload, "customer_id": str(customer)}
                pages = self._walk(monkeypatch, GetOrdersByCustomer, of_one)
                assert self._walk(monkeypatch, ListOrders, of_one) == pages

    def _walk(
        self, monkeypatch: pytest.MonkeyPatch, query: Any, payload: dict[str, Any]
    ) -> list[bytes]:
        """Walk to the end and one page back; return the results. A cursor is bound to its list."""
        pages: list[bytes] = []
        cursor: str | None = ""
        while cursor is not None:
            asked = {**payload, "cursor": cursor}
            hot, general = both_ways(monkeypatch, query, asked)
            assert hot == general, asked
            assert isinstance(hot, Ok)
            if hot.value.previous is not None:
                before = both_ways(monkeypatch, query, {**payload, "cursor": hot.value.previous})
                assert before[0] == before[1], asked
            pages.append(hot.value.results.body)
            cursor = hot.value.next
            assert len(pages) < 50, "it goes in circles"
        return pages

    def _agree(
        self, monkeypatch: pytest.MonkeyPatch, customers: list[Any], payload: dict[str, Any]
    ) -> None:
        for customer in (*customers, uuid7()):
            asked = {**payload, "customer_id": str(customer)}
            hot, general = both_ways(monkeypatch, GetOrdersByCustomer, asked)
            assert hot == general, asked
            assert both_ways(monkeypatch, ListOrders, asked) == [hot, general]
        hot, general = both_ways(monkeypatch, ListOrders, payload)
        assert hot == general, payload

    @pytest.mark.parametrize(
        ("payload", "hot"),
        [
            ({}, True),
            ({"status": "pending", "page": "2", "page_size": "5"}, True),
            ({"ordering": "-order_date", "search": "", "cursor": ""}, True),
            ({"status": ["pending", "shipped"]}, False),
            ({"ordering": "order_date"}, False),
            *[({name: value}, False) for name, value in NOT_COMPILED.items()],
        ],
    )
    def test_answers_the_hot_queries_alone(
        self, customers: list[Any], counted: list[Any], payload: Any, hot: bool
    ) -> None:
        page_of(ListOrders, **payload)
        assert bool(counted) is hot

    def test_leaves_every_other_filter_to_the_orm(self) -> None:
        filters = set(filters_of(order_filters.OrderFilters))
        assert set(NOT_COMPILED) == filters - order_filters.COMPILED_FILTERS

    def test_builds_no_filterset(self, customers: list[Any]) -> None:
        filterset_of.cache_clear()
        page_of(ListOrders, customer_id=str(customers[0]), status="pending", cursor="")
        page_of(GetOrdersByCustomer, customer_id=customers[0], page_size="3")
        assert filterset_of.cache_info().currsize == 0


class TestOne:
    @pytest.mark.parametrize("model", [OrderReadModel, CustomerReadModel, StockReadModel])
    def test_answers_as_the_orm_does(self, customers: Any, log: Log, model: type[Model]) -> None:
        log.stock()
        log.projected()
        for row in model._default_manager.values("pk", "document", "version", "position"):
            expected = StoredDocument(row["document"], row["version"], row["position"])
            assert document_by_id(model, row["pk"], "") == Ok(expected)
        assert document_by_id(model, uuid7(), "gone") == Rejected("not_found", "gone")


class TestStatements:
    def test_are_prepared_by_the_server(self, customers: list[Any]) -> None:
        connection = connections["replica"]
        connection.ensure_connection()
        before, connection.connection.prepare_threshold = (
            connection.connection.prepare_threshold, 0,
        )  # fmt: skip
        try:
            for customer in customers:
                LatestOrders(customer, "pending").page(0, 20)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*), max(generic_plans + custom_plans) FROM pg_prepared_statements"
                    " WHERE statement LIKE '%%FROM read_orders WHERE customer_id = $1%%'"
                )
                assert cursor.fetchone() == (1, 3)
        finally:
            connection.connection.prepare_threshold = before

    def test_name_their_columns(self, customers: list[Any], counted: list[Any]) -> None:
        page_of(ListOrders, page_size="1")
        page_of(ListOrders, cursor="")
        document_by_id(OrderReadModel, uuid7(), "")
        assert len(counted) == 3
        assert not any("SELECT *" in text for text in counted)
