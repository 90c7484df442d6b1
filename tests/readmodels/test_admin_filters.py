"""The change lists take the parameters of the API, and show them as a form."""

import re
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from cqrs.queries.filters import filters_of
from readmodels.queries import GetSalesReport, ListCustomers, ListOrders
from tests.readmodels.queries.asking import ADA, page_of
from tests.support.log import PLACED, Log
from tests.support.pages import CUSTOMERS, ORDERS, PRODUCT_SALES, SALES, STOCK, Staff, url

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
TOO_LONG = "search: Value should have at most 200 items after validation, not 201"


@pytest.fixture(autouse=True)
def rows(log: Log) -> None:
    customers = [log.customer(name) for name in ("Ada", "Bo")]
    log.deactivate(customers[1])
    for number in range(6):
        order = log.order(customers[number % 2], total=f"{number}.00",
                          currency=("USD", "EUR")[number % 2],
                          order_date=PLACED + timedelta(days=number))  # fmt: skip
        if number % 3 == 0:
            log.confirm(order)
    for name in ("Lamp", "Mat"):
        log.stock(name=name)
    log.projected()


def shown(page: Any) -> list[str]:
    return [str(row.pk) for row in page.context_data["cl"].result_list]


def form_fields(page: Any) -> dict[str, Any]:
    """Return the fields of the form in the sidebar."""
    return {field.name: field for field in page.context_data["cl"].filter_specs[0].fields}


def notes(page: Any) -> list[str]:
    return [str(message) for message in page.context["messages"]]


class TestParameters:
    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"customer_id": str(ADA)},
            {"status": "pending"},
            {"status": ["pending", "confirmed"]},
            {"currency": "EUR"},
            {"from_date": "2026-02-02"},
            {"to_date": "2026-02-01T12:30:00Z"},
            {"min_total": "2"},
            {"max_total": "2.00"},
            {"search": "ADA"},
            {"ordering": "total_amount"},
            {"ordering": "-customer_name"},
            {"status": "pending", "from_date": "2026-01-01", "min_total": "2", "search": "bo"},
        ],
    )
    def test_find_what_the_api_does(self, staff: Staff, parameters: dict[str, Any]) -> None:
        page = staff("view_orders").get(url(f"{ORDERS}_changelist"), parameters)
        assert page.status_code == 200
        documents = page_of(ListOrders, page_size=100, **parameters).documents
        assert shown(page) == [orjson.loads(document)["id"] for document in documents]

    @pytest.mark.parametrize(("active", "found"), [("true", 1), ("false", 1), ("", 2)])
    def test_of_customers_do_too(self, staff: Staff, active: str, found: int) -> None:
        page = staff("view_customers").get(
            url(f"{CUSTOMERS}_changelist"), {"is_active": active, "ordering": "name"}
        )
        assert (page.status_code, len(shown(page))) == (200, found)

    def test_of_sales_narrow_the_charts_too(self, staff: Staff) -> None:
        page = staff("view_reports").get(
            url(f"{SALES}_changelist"), {"from_date": "2026-02-02", "currency": "USD"}
        )
        assert shown(page) == ["2026-02-04 USD", "2026-02-02 USD"]
        assert [chart.currency for chart in page.context_data["charts"]] == ["USD"]

    def test_of_products_sort(self, staff: Staff) -> None:
        client = staff("view_reports")
        pages = [client.get(url(f"{PRODUCT_SALES}_changelist"), {"ordering": ordering})
                 for ordering in ("revenue", "-revenue")]  # fmt: skip
        assert len(shown(pages[0])) == 6
        assert shown(pages[0]) == shown(pages[1])[::-1]

    def test_of_stock_sort(self, staff: Staff) -> None:
        page = staff("view_stock").get(url(f"{STOCK}_changelist"), {"ordering": "-name"})
        assert [row.name for row in page.context_data["cl"].result_list] == ["Mat", "Lamp"]

    def test_go_with_the_columns_and_the_date_hierarchy(self, staff: Staff) -> None:
        page = staff("view_orders").get(
            url(f"{ORDERS}_changelist"),
            {"o": "-3", "ordering": "total_amount", "min_total": "1",
             "order_date__year": "2026", "order_date__month": "2"},
        )  # fmt: skip
        totals = [row.total_amount for row in page.context_data["cl"].result_list]
        assert totals == [5, 4, 3, 2, 1]


class TestForm:
    @pytest.mark.parametrize(
        ("name", "query", "permission"),
        [
            (ORDERS, ListOrders, "view_orders"),
            (CUSTOMERS, ListCustomers, "view_customers"),
            (SALES, GetSalesReport, "view_reports"),
        ],
    )
    def test_shows_every_filter(self, staff: Staff, name: str, query: Any, permission: str) -> None:
        page = staff(permission).get(url(f"{name}_changelist"))
        assert set(form_fields(page)) - {"ordering"} == set(filters_of(query)) - {"search"}
        for parameter in form_fields(page):
            assert f'name="{parameter}"' in page.content.decode()

    def test_shows_the_values_and_passes_on_the_search(self, staff: Staff) -> None:
        page = staff("view_orders").get(
            url(f"{ORDERS}_changelist"),
            {"status": ["pending", "confirmed"], "min_total": "2", "q": "ada", "o": "1", "p": "1"},
        )
        fields = form_fields(page)
        assert fields["status"].value() == ["pending", "confirmed"]
        assert fields["min_total"].value() == "2"
        form = page.content.decode().split('id="filter-form"')[1].split("</form>")[0]
        assert 'name="q" value="ada"' in form
        assert 'name="o"' not in form
        assert 'name="p"' not in form
        checked = re.findall(r'value="(\w+)"[^>]* checked[ >]', form)
        assert checked == ["pending", "confirmed"]

    @pytest.mark.parametrize(
        ("parameters", "note"),
        [
            ({"from_date": "yesterday"}, "from_date: Give a UTC day (2026-01-31) or an RFC 3339"
                                         " timestamp with its offset"),
            ({"min_total": "x"}, "min_total: Not a decimal number such as 10.50"),
            ({"status": "lost"}, "status: Input should be 'pending', 'confirmed', 'shipped',"
                                 " 'delivered' or 'cancelled'"),
            ({"currency": "ZZZ"}, "currency: Not an ISO 4217 currency code such as USD"),
            ({"search": "x" * 201}, TOO_LONG),
            ({"q": "x" * 201}, TOO_LONG),
        ],
    )  # fmt: skip
    def test_names_a_wrong_value_and_shows_no_rows(
        self, staff: Staff, parameters: dict[str, str], note: str
    ) -> None:
        page = staff("view_orders").get(url(f"{ORDERS}_changelist"), parameters)
        assert (page.status_code, shown(page), notes(page)) == (200, [], [note])
        for name in set(parameters) & set(form_fields(page)):
            assert form_fields(page)[name].errors == [note.partition(": ")[2]]

    def test_sends_an_unknown_parameter_back(self, staff: Staff) -> None:
        answer = staff("view_orders").get(url(f"{ORDERS}_changelist"), {"total": "1"})
        assert (answer.status_code, answer["Location"]) == (
            302, f"{url(f'{ORDERS}_changelist')}?e=1",
        )  # fmt: skip

    def test_counts_no_further_than_the_cap(self, staff: Staff) -> None:
        client = staff("view_orders")
        with CaptureQueriesContext(connections["replica"]) as queries:
            client.get(url(f"{ORDERS}_changelist"), {"status": "pending", "q": "ada"})
        counts = [query["sql"] for query in queries if "COUNT(*)" in query["sql"]]
        assert counts
        assert all("LIMIT 100001" in sql for sql in counts)
