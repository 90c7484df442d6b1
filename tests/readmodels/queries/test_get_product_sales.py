"""GetProductSales: orderings, pages, limits and errors."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cqrs.messaging import bus
from cqrs.messaging.context import Context, use_context
from readmodels.queries import GetProductSales
from tests.readmodels.queries.asking import page_of, wrong
from tests.support.api import bearer
from tests.support.log import Log

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
A, B, C, D = (UUID(int=number) for number in range(1, 5))


@pytest.fixture
def sold(log: Log) -> None:
    customer = log.customer()
    log.order(customer, lines=[(B, "Bag", 9, "9.00"), (A, "Axe", 1, "100.00")])
    log.order(customer, lines=[(C, "Cup", 9, "9.00")])
    log.order(customer, lines=[(A, "Axe", 2, "9.00")], currency="EUR")
    log.cancel(log.order(customer, lines=[(D, "Dog", 50, "500.00"), (C, "Mug", 1, "1.00")]))
    log.projected()


def products(**payload: Any) -> list[str]:
    found = map(orjson.loads, page_of(GetProductSales, **payload).documents)
    return [f"{product['product_name']} {product['currency']}" for product in found]


@pytest.mark.usefixtures("sold")
class TestGetProductSales:
    def test_orders_by_revenue_unless_asked_otherwise_and_ties_by_id(self) -> None:
        highest = ["Axe USD", "Mug USD", "Bag USD", "Axe EUR"]
        assert products() == products(ordering="-revenue") == highest
        assert products(ordering="revenue") == highest[::-1]
        assert products(ordering="-quantity") == ["Mug USD", "Bag USD", "Axe EUR", "Axe USD"]
        assert products(ordering="quantity") == ["Axe USD", "Axe EUR", "Bag USD", "Mug USD"]

    def test_leaves_out_what_was_only_cancelled(self) -> None:
        assert not [name for name in products() if name.startswith("Dog")]
        assert page_of(GetProductSales).count == 4

    def test_answers_by_the_page(self) -> None:
        page = page_of(GetProductSales, page="2", page_size="3")
        assert (page.count, page.has_next, len(page.documents)) == (4, False, 1)
        assert bus.ask(GetProductSales, {"page": 5}).code == "not_found"

    @pytest.mark.parametrize(("page_size", "statements"), [("3", 2), ("4", 1)])
    def test_takes_two_statements_at_most(self, page_size: str, statements: int) -> None:
        with (
            CaptureQueriesContext(connections["replica"]) as on_replica,
            CaptureQueriesContext(connections["default"]) as on_default,
        ):
            products(page_size=page_size)
        assert (len(on_replica), len(on_default)) == (statements, 0)


class TestErrors:
    def test_name_each_parameter_that_is_wrong(self) -> None:
        payload = {"ordering": "product_name", "page": "0", "page_size": "101", "currency": "USD"}
        assert wrong(GetProductSales, **payload) == {
            "ordering": "literal_error",
            "page": "greater_than_equal",
            "page_size": "less_than_equal",
            "currency": "extra_forbidden",
        }

    def test_needs_its_permission(self) -> None:
        may = Context(permissions=frozenset({"readmodels.view_orders"}))
        with use_context(may), pytest.raises(PermissionDenied, match="view_reports"):
            bus.ask(GetProductSales, {})


class TestAddress:
    @pytest.mark.usefixtures("sold")
    def test_answers_a_page(self, client: Client) -> None:
        answer = client.get("/api/reports/products?page_size=1", headers=bearer("ada"))
        assert answer.status_code == 200
        page = answer.json()
        assert page["results"] == [
            {"product_id": str(A), "product_name": "Axe", "currency": "USD", "quantity": 1,
             "revenue": "100.00", "order_count": 1}
        ]  # fmt: skip
        assert (page["count"], page["previous"]) == (4, None)
        assert page["next"].endswith("/api/reports/products?page_size=1&page=2")
