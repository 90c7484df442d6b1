"""The admin shows sales and the history of orders."""

from datetime import timedelta
from uuid import UUID

import orjson
import pytest
from django.contrib.staticfiles import finders

from readmodels.models import (
    ProductSalesReadModel,
)
from tests.support.log import PLACED, Log
from tests.support.pages import HISTORY, PRODUCT_SALES, SALES, Staff, url

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


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

    def test_says_what_was_changed_outside_the_application(
        self, staff: Staff, sold: UUID, log: Log
    ) -> None:
        log.alter(sold, status="shipped")
        log.projected()
        page = staff("view_orders").get(url(f"{HISTORY}_changelist"), {"q": str(sold)})
        content = page.content.decode()
        assert content.count("Changed outside the application") == 1
        assert "OrderChangedOutside" not in content
