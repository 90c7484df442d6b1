"""Parameters of one meaning: what only looks like a number, an id, a time is 400 and named."""

import pytest

from tests.http.api import Api, wrong
from tests.support import scenarios
from tests.support.scenarios import content, line, nothing_written

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
NUMBERS = [
    "1_0",
    "+1",
    "%2B1",
    "1e5",
    "٣",
    "\uff11",
    " 1",
    "1 ",
    "01",
    "",
    "0x1",
    "1.0.0",
    "NaN",
    "inf",
]
DAYS = ["2026-1-1", "20260101", "45306", "٢٠٢٦-01-01", "2026-01-01T00:00", "2026-02-30", "1e9",
        "2026-01-01T00:00:00.1234567Z", "9999-12-31T23:59:59-23:59"]  # fmt: skip
IDS = ["7", "018f0000000070008000000000000001", "{018f0000-0000-7000-8000-000000000001}",
       "urn:uuid:018f0000-0000-7000-8000-000000000001"]  # fmt: skip


class TestQueries:
    @pytest.mark.parametrize("text", [*NUMBERS, "1.0", "-1", "0"])
    @pytest.mark.parametrize("name", ["page", "page_size"])
    def test_name_a_wrong_page(self, api: Api, name: str, text: str):
        assert set(wrong(api.get(f"/api/orders?{name}={text}"))) == {name}

    @pytest.mark.parametrize("text", [*NUMBERS, ".5", "1.", "1,5", "1e400"])
    @pytest.mark.parametrize("name", ["min_total", "max_total"])
    def test_name_a_wrong_amount(self, api: Api, name: str, text: str):
        assert set(wrong(api.get(f"/api/orders?{name}={text}"))) == {name}

    @pytest.mark.parametrize("text", DAYS)
    @pytest.mark.parametrize("path", ["/api/orders", "/api/orders.csv", "/api/reports/sales"])
    def test_name_a_wrong_time(self, api: Api, path: str, text: str):
        assert set(wrong(api.get(f"{path}?from_date={text}"))) == {"from_date"}

    @pytest.mark.parametrize("text", IDS)
    def test_name_a_wrong_id(self, api: Api, text: str):
        assert set(wrong(api.get(f"/api/orders?customer_id={text}"))) == {"customer_id"}

    @pytest.mark.parametrize("text", ["1", "0", "yes", "on", ""])
    def test_name_a_wrong_boolean(self, api: Api, text: str):
        assert set(wrong(api.get(f"/api/customers?is_active={text}"))) == {"is_active"}

    @pytest.mark.parametrize("query", ["min_total=-0", "min_total=1.50", "is_active=True"])
    def test_take_the_rest(self, api: Api, query: str):
        path = "/api/customers" if query.startswith("is") else "/api/orders"
        assert api.get(f"{path}?{query}").status_code == 200


class TestCommands:
    @pytest.mark.parametrize(
        "price", ["1_0", "+1", "1e5", "٣", " 1", "01", "", "1.", ".5", True, []]
    )
    def test_name_a_wrong_price(self, api: Api, price: object):
        body = content(scenarios.customer(), line(unit_price=price))
        with nothing_written():
            assert set(wrong(api.post("/api/orders", body))) == {"items.0.unit_price"}

    @pytest.mark.parametrize("text", IDS)
    def test_name_a_wrong_id(self, api: Api, text: str):
        body = {**content(scenarios.customer()), "customer_id": text}
        assert set(wrong(api.post("/api/orders", body))) == {"customer_id"}

    def test_name_a_withdrawn_currency(self, api: Api):
        body = content(scenarios.customer(), currency="HRK")
        assert set(wrong(api.post("/api/orders", body))) == {"currency"}
