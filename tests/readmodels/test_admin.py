from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.staticfiles import finders
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from readmodels.models import (
    CustomerReadModel,
    OrderReadModel,
    ParkedEvent,
    ProductSalesReadModel,
)
from readmodels.projections import orders
from tests.readmodels.log import PLACED, Log

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
ORDERS = "admin:readmodels_orderreadmodel"
CUSTOMERS = "admin:readmodels_customerreadmodel"
STOCK = "admin:readmodels_stockreadmodel"
SALES = "admin:readmodels_salesdayreadmodel"
PRODUCT_SALES = "admin:readmodels_productsalesreadmodel"
HISTORY = "admin:readmodels_ordereventreadmodel"
Staff = Callable[..., Client]


@pytest.fixture
def staff() -> Staff:
    def logged_in(*codenames: str) -> Client:
        user = User.objects.create_user("staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client()
        client.force_login(user)
        return client

    return logged_in


@pytest.fixture
def order(log: Log) -> UUID:
    key = log.order(log.customer("Ada <b>", "ada@example.com"), product_name="<script>Lamp",
                    special_instructions="Ring <i>twice</i>")  # fmt: skip
    log.ship(key)
    log.customer("Bo", "bo@example.com")
    log.projected()
    return key


def url(name: str, *args: Any) -> str:
    return reverse(name, args=args)


class TestOrderAdmin:
    @pytest.mark.parametrize(
        ("parameters", "found"),
        [
            ({}, True),
            ({"q": "ADA"}, True),
            ({"q": "nobody"}, False),
            ({"status__exact": "shipped"}, True),
            ({"status__exact": "pending"}, False),
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
            ({"is_active__exact": "1"}, True),
            ({"is_active__exact": "0"}, False),
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


@pytest.fixture
def sold(log: Log) -> UUID:
    """Sell on two days in two currencies; return the last order."""
    customer = log.customer("Ada")
    lamp, pen = (log.stock(name=name) for name in ("Lamp", "Pen"))
    log.order(customer, lines=[(lamp, "Lamp <b>", 2, "20.00")], order_date=PLACED)
    log.order(customer, lines=[(pen, "Pen", 1, "700")], currency="JPY", order_date=PLACED)
    later = PLACED + timedelta(days=1)
    order = log.order(customer, lines=[(lamp, "Lamp <b>", 1, "10.50")], order_date=later)
    log.projected()
    return order


class TestSalesAdmin:
    def test_lists_and_filters_days(self, staff: Staff, sold: UUID) -> None:
        client = staff("view_reports")
        page = client.get(url(f"{SALES}_changelist"))
        assert page.status_code == 200
        for text in ("20.00", "700", "10.50"):
            assert f">{text}<" in page.content.decode()
        filtered = client.get(url(f"{SALES}_changelist"), {"currency": "JPY"}).content.decode()
        assert ">700<" in filtered
        assert ">20.00<" not in filtered
        assert client.get(url(f"{SALES}_change", "2026-01-31 USD")).status_code == 200

    def test_draws_what_the_filters_leave(self, staff: Staff, sold: UUID) -> None:
        client = staff("view_reports")
        page = client.get(url(f"{SALES}_changelist"))
        usd, jpy = page.context_data["charts"]
        assert (usd.currency, jpy.currency) == ("USD", "JPY")
        picture = orjson.loads(usd.data)
        assert (len(picture["labels"]), picture["labels"][-1]) == (90, "2026-02-01")
        assert picture["datasets"][0]["data"] == [0.0] * 88 + [20.0, 10.5]
        content = page.content.decode()
        assert content.count('<canvas class="chart"') == 2
        assert 'data-value="{&quot;labels&quot;:[' in content
        filtered = client.get(url(f"{SALES}_changelist"), {"currency": "JPY"})
        assert [chart.currency for chart in filtered.context_data["charts"]] == ["JPY"]

    def test_draws_nothing_of_nothing(self, staff: Staff) -> None:
        page = staff("view_reports").get(url(f"{SALES}_changelist"))
        assert (page.status_code, page.context_data["charts"]) == (200, [])

    def test_draws_with_what_is_shipped(self) -> None:
        assert finders.find("unfold/js/chart/chart.js")

    def test_lists_searches_and_shows_products(self, staff: Staff, sold: UUID) -> None:
        client = staff("view_reports")
        key = ProductSalesReadModel.objects.get(currency="USD").pk
        found = client.get(url(f"{PRODUCT_SALES}_changelist"), {"q": "lamp"}).content.decode()
        assert "Lamp &lt;b&gt;" in found
        assert ">30.50<" in found
        assert "Pen" not in found
        assert "30.50" in client.get(url(f"{PRODUCT_SALES}_change", key)).content.decode()

    @pytest.mark.parametrize("name", [SALES, PRODUCT_SALES])
    def test_is_closed_without_the_permission(self, staff: Staff, name: str) -> None:
        assert staff("view_orders").get(url(f"{name}_changelist")).status_code == 403


class TestHistoryAdmin:
    def test_lists_finds_and_shows_the_events_of_an_order(self, staff: Staff, sold: UUID) -> None:
        client = staff("view_orders")
        every = client.get(url(f"{HISTORY}_changelist")).content.decode()
        assert every.count("OrderCreated") == 3
        found = client.get(url(f"{HISTORY}_changelist"), {"q": str(sold)}).content.decode()
        assert found.count("OrderCreated") == 1
        none = client.get(url(f"{HISTORY}_changelist"), {"q": "lamp"}).content.decode()
        assert "OrderCreated" not in none
        page = client.get(url(f"{HISTORY}_change", f"{sold} 0000000001")).content.decode()
        assert "Lamp &lt;b&gt;" in page
        assert "10.50" in page

    def test_is_closed_without_the_permission(self, staff: Staff) -> None:
        assert staff("view_reports").get(url(f"{HISTORY}_changelist")).status_code == 403


class TestParkedEventAdmin:
    PARKED = "admin:readmodels_parkedevent_changelist"

    @pytest.fixture
    def poisoned(self, log: Log, monkeypatch: pytest.MonkeyPatch) -> UUID:
        def broken(*_: Any) -> None:
            raise KeyError("a bug")

        key = log.order(log.customer())
        log.confirm(key)
        with monkeypatch.context() as patch:
            patch.setitem(orders.HANDLES, "orders.order_created", broken)
            log.projected()
        return key

    def act(self, client: Client, action: str) -> str:
        keys = [str(key) for key in ParkedEvent.objects.values_list("pk", flat=True)]
        chosen = {"action": action, "_selected_action": keys}
        return client.post(reverse(self.PARKED), chosen, follow=True).content.decode()

    def test_lists_and_finds_what_is_parked(self, staff: Staff, poisoned: UUID) -> None:
        client = staff("view_parked")
        for parameters, found in (({}, True), ({"q": str(poisoned)}, True), ({"q": "x"}, False)):
            page = client.get(reverse(self.PARKED), parameters).content.decode()
            assert (str(poisoned) in page) is found
        row = ParkedEvent.objects.first()
        page = client.get(reverse("admin:readmodels_parkedevent_change", args=[row.pk]))
        assert "KeyError" in page.content.decode()

    def test_retries(self, staff: Staff, poisoned: UUID) -> None:
        assert "2 event(s) applied" in self.act(staff("view_parked", "handle_parked"), "retry")
        assert OrderReadModel.objects.get(pk=poisoned).status == "confirmed"
        assert ParkedEvent.objects.count() == 0

    def test_discards(self, staff: Staff, poisoned: UUID) -> None:
        assert "2 event(s) discarded" in self.act(staff("view_parked", "handle_parked"), "discard")
        assert ParkedEvent.objects.count() == OrderReadModel.objects.count() == 0

    @pytest.mark.parametrize("action", ["retry", "discard"])
    def test_lets_those_who_may_only_look_do_nothing(
        self, staff: Staff, poisoned: UUID, action: str
    ) -> None:
        self.act(staff("view_parked"), action)
        assert ParkedEvent.objects.count() == 2
