"""The admin shows orders, customers and stock, and changes nothing."""

from uuid import UUID

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from readmodels.models import (
    CustomerReadModel,
    OrderReadModel,
)
from tests.support.log import Log
from tests.support.pages import CUSTOMERS, ORDERS, STOCK, Staff, url

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


@pytest.fixture
def order(log: Log) -> UUID:
    key = log.order(log.customer("Ada <b>", "ada@example.com"), product_name="<script>Lamp",
                    special_instructions="Ring <i>twice</i>")  # fmt: skip
    log.ship(key)
    log.customer("Bo", "bo@example.com")
    log.projected()
    return key


class TestOrderAdmin:
    @pytest.mark.parametrize(
        ("parameters", "found"),
        [
            ({}, True),
            ({"q": "ADA"}, True),
            ({"q": "nobody"}, False),
            ({"status": "shipped"}, True),
            ({"status": "pending"}, False),
            ({"currency": "USD"}, True),
            ({"currency": "EUR"}, False),
            ({"order_date__year": "2026", "order_date__month": "1"}, True),
            ({"order_date__year": "2025"}, False),
            ({"o": "4"}, True),
        ],
    )
    def test_lists_searches_and_filters(
        self, staff: Staff, order: UUID, parameters: dict[str, str], found: bool
    ) -> None:
        response = staff("view_orders").get(url(f"{ORDERS}_changelist"), parameters)
        assert response.status_code == 200
        assert (str(order) in response.content.decode()) is found

    def test_shows_all_fields_and_the_lines_escaped(self, staff: Staff, order: UUID) -> None:
        response = staff("view_orders").get(url(f"{ORDERS}_change", order))
        page = response.content.decode()
        assert response.status_code == 200
        shown = ["Ada &lt;b&gt;", "ada@example.com", "&lt;script&gt;Lamp", "20.00", "UPS", "1Z9"]
        shown += ["12 Elm Street, Springfield, IL 62701, US", "Ring &lt;i&gt;twice"]
        for text in shown:
            assert text in page
        assert "<script>Lamp" not in page

    def test_changes_nothing(self, staff: Staff, order: UUID, admin_client: Client) -> None:
        before = OrderReadModel.objects.values().get()
        for client in (staff("view_orders"), admin_client):
            for name, args in (("add", ()), ("change", (order,)), ("delete", (order,))):
                answer = client.post(url(f"{ORDERS}_{name}", *args), {"status": "pending"})
                assert answer.status_code == 403
            delete = {"action": "delete_selected", "_selected_action": [str(order)], "post": "yes"}
            client.post(url(f"{ORDERS}_changelist"), delete)
        assert OrderReadModel.objects.values().get() == before

    def test_is_closed_without_the_permission(self, staff: Staff, order: UUID) -> None:
        client = staff("view_customers")
        assert client.get(url(f"{ORDERS}_changelist")).status_code == 403
        assert client.get(url(f"{ORDERS}_change", order)).status_code == 403
        index = client.get(url("admin:index")).content.decode()
        assert url(f"{ORDERS}_changelist") not in index
        assert url(f"{CUSTOMERS}_changelist") in index

    def test_counts_no_further_than_the_cap(self, staff: Staff, order: UUID) -> None:
        client = staff("view_orders")
        with CaptureQueriesContext(connections["replica"]) as queries:
            client.get(url(f"{ORDERS}_changelist"))
        counts = [query["sql"] for query in queries if "COUNT(*)" in query["sql"]]
        assert counts
        assert all("LIMIT 100001" in sql for sql in counts)


class TestCustomerAdmin:
    @pytest.mark.parametrize(
        ("parameters", "found"),
        [
            ({}, True),
            ({"q": "ada@"}, True),
            ({"q": "nobody"}, False),
            ({"is_active": "true"}, True),
            ({"is_active": "false"}, False),
        ],
    )
    def test_lists_searches_and_filters(
        self, staff: Staff, order: UUID, parameters: dict[str, str], found: bool
    ) -> None:
        response = staff("view_customers").get(url(f"{CUSTOMERS}_changelist"), parameters)
        assert response.status_code == 200
        assert ("ada@example.com" in response.content.decode()) is found

    def test_shows_a_customer_with_totals(self, staff: Staff, order: UUID) -> None:
        customer = CustomerReadModel.objects.get(email="ada@example.com")
        response = staff("view_customers").get(url(f"{CUSTOMERS}_change", customer.pk))
        assert response.status_code == 200
        assert ">USD</td><td class='pr-4'>20.00</td>" in response.content.decode()

    def test_is_closed_without_the_permission(self, staff: Staff, order: UUID) -> None:
        assert staff("view_orders").get(url(f"{CUSTOMERS}_changelist")).status_code == 403


class TestStockAdmin:
    def test_lists_searches_and_shows(self, staff: Staff, log: Log) -> None:
        lamp = log.stock(on_hand=77, name="Lamp <b>", sku="L-1")
        log.projected()
        client = staff("view_stock")
        found = client.get(url(f"{STOCK}_changelist"), {"q": "l-1"})
        assert (found.status_code, str(lamp) in found.content.decode()) == (200, True)
        none = client.get(url(f"{STOCK}_changelist"), {"q": "nothing"}).content.decode()
        assert str(lamp) not in none
        page = client.get(url(f"{STOCK}_change", lamp)).content.decode()
        assert "77" in page
        assert "Lamp &lt;b&gt;" in page

    def test_is_closed_without_the_permission(self, staff: Staff) -> None:
        assert staff("view_orders").get(url(f"{STOCK}_changelist")).status_code == 403
