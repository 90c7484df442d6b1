"""GetSalesReport: periods, filters, limits and errors."""

import sys
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config.roles import ROLES
from cqrs.messaging import bus
from cqrs.messaging.context import Context, use_context
from cqrs.messaging.results import Ok
from cqrs.queries.results import Results
from readmodels.queries import GetSalesReport
from tests.readmodels.queries.asking import wrong
from tests.support.api import bearer
from tests.support.log import PLACED, Log

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


@pytest.fixture
def sold(log: Log) -> None:
    """Sell on three days of January and February, in two currencies."""
    customer = log.customer()
    for days, total, currency in (
        (-1, "1.10", "USD"), (0, "2.20", "USD"), (0, "700", "JPY"), (0, "4.00", "USD"),
        (1, "8.80", "USD"), (28, "0.05", "USD"),
    ):  # fmt: skip
        date = PLACED + timedelta(days=days)
        log.order(customer, total=total, currency=currency, order_date=date)
    log.cancel(log.order(customer, total="99.00"))
    log.projected()


def report(**payload: Any) -> list[dict[str, Any]]:
    result = bus.ask(GetSalesReport, payload)
    assert isinstance(result, Ok), result
    assert isinstance(result.value, Results)
    return [orjson.loads(document) for document in result.value.documents]


def revenues(**payload: Any) -> list[tuple[str, str, str]]:
    return [(row["period"], row["currency"], row["revenue"]) for row in report(**payload)]


DAYS = [
    ("2026-01-30", "USD", "1.10"),
    ("2026-01-31", "JPY", "700"),
    ("2026-01-31", "USD", "6.20"),
    ("2026-02-01", "USD", "8.80"),
    ("2026-02-28", "USD", "0.05"),
]


@pytest.mark.usefixtures("sold")
class TestGetSalesReport:
    def test_shows_days_by_period_and_currency(self) -> None:
        assert revenues() == revenues(granularity="day") == DAYS
        assert report()[2] == {
            "period": "2026-01-31", "currency": "USD",
            "order_count": 3, "cancelled_count": 1, "revenue": "6.20",
        }  # fmt: skip

    def test_sums_months_up_in_the_digits_of_the_currency(self) -> None:
        assert report(granularity="month") == [
            {"period": "2026-01", "currency": "JPY", "order_count": 1, "cancelled_count": 0,
             "revenue": "700"},
            {"period": "2026-01", "currency": "USD", "order_count": 4, "cancelled_count": 1,
             "revenue": "7.30"},
            {"period": "2026-02", "currency": "USD", "order_count": 2, "cancelled_count": 0,
             "revenue": "8.85"},
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("payload", "expected"),
        [
            ({"from_date": "2026-01-31"}, DAYS[1:]),
            ({"to_date": "2026-01-31"}, DAYS[:3]),
            ({"from_date": "2026-01-31", "to_date": "2026-01-31"}, DAYS[1:3]),
            ({"from_date": "2026-01-31T23:59:59Z", "to_date": "2026-02-01T00:00:00Z"}, DAYS[1:4]),
            ({"from_date": "2026-02-01T00:30:00+01:00"}, DAYS[1:]),
            ({"from_date": "2026-02-01", "to_date": "2026-01-31"}, []),
            ({"currency": "JPY"}, DAYS[1:2]),
            ({"currency": "EUR"}, []),
            ({"granularity": "month", "from_date": "2026-01-31", "currency": "USD"},
             [("2026-01", "USD", "6.20"), ("2026-02", "USD", "8.85")]),
            ({"granularity": "month", "to_date": "2026-02-01"},
             [("2026-01", "JPY", "700"), ("2026-01", "USD", "7.30"), ("2026-02", "USD", "8.80")]),
        ],
    )  # fmt: skip
    def test_counts_only_the_days_and_the_currency_asked_for(
        self, payload: dict[str, str], expected: list[Any]
    ) -> None:
        assert revenues(**payload) == expected

    @pytest.mark.parametrize("granularity", ["day", "month"])
    def test_takes_one_statement(self, granularity: str) -> None:
        with (
            CaptureQueriesContext(connections["replica"]) as on_replica,
            CaptureQueriesContext(connections["default"]) as on_default,
        ):
            report(granularity=granularity)
        assert (len(on_replica), len(on_default)) == (1, 0)

    @pytest.mark.parametrize(("granularity", "rows"), [("day", 5), ("month", 3)])
    def test_refuses_to_answer_more_than_it_may(
        self, monkeypatch: pytest.MonkeyPatch, granularity: str, rows: int
    ) -> None:
        module = sys.modules[GetSalesReport.__module__]
        monkeypatch.setattr(module, "MAX_ROWS", rows)
        assert len(report(granularity=granularity)) == rows
        monkeypatch.setattr(module, "MAX_ROWS", rows - 1)
        assert wrong(GetSalesReport, granularity=granularity) == {"from_date": "too_many_rows"}


class TestExactness:
    def test_months_add_up_beyond_the_digits_of_a_default_decimal(self, log: Log) -> None:
        customer = log.customer()
        for days in range(3):
            date = PLACED.replace(day=1 + days)
            log.order(customer, total="99999999999999999999.99", order_date=date)
            log.order(customer, total="99999999999999999999.99", order_date=date)
        log.projected()
        assert revenues() == [
            (f"2026-01-0{n}", "USD", "199999999999999999999.98") for n in (1, 2, 3)
        ]
        assert revenues(granularity="month") == [("2026-01", "USD", "599999999999999999999.94")]

    @pytest.mark.parametrize("granularity", ["day", "month"])
    def test_nothing_was_sold_yet(self, granularity: str) -> None:
        assert report(granularity=granularity) == []


class TestErrors:
    def test_name_each_parameter_that_is_wrong(self) -> None:
        payload = {"granularity": "year", "from_date": "yesterday", "to_date": "2026-02-30",
                   "currency": "usd", "page": "1"}  # fmt: skip
        assert wrong(GetSalesReport, **payload) == {
            "granularity": "literal_error",
            "from_date": "day_or_timestamp",
            "to_date": "day_or_timestamp",
            "currency": "currency",
            "page": "extra_forbidden",
        }

    def test_needs_its_permission_which_every_role_has(self) -> None:
        may = Context(permissions=frozenset({"readmodels.view_orders"}))
        with use_context(may), pytest.raises(PermissionDenied, match="view_reports"):
            bus.ask(GetSalesReport, {})
        assert all("readmodels.view_reports" in permissions for permissions in ROLES.values())


class TestAddress:
    @pytest.mark.usefixtures("sold")
    def test_answers_results_with_a_tag(self, client: Client) -> None:
        def answer(query: str) -> Any:
            return client.get(f"/api/reports/sales?{query}", headers=bearer("ada"))

        found = answer("granularity=month&currency=JPY")
        assert found.status_code == 200
        assert found.json() == {
            "results": [
                {"period": "2026-01", "currency": "JPY", "order_count": 1, "cancelled_count": 0,
                 "revenue": "700"}
            ]
        }  # fmt: skip
        assert len(found["ETag"].strip('"')) == 16
        assert answer("currency=EUR").json() == {"results": []}
        assert answer("granularity=day&granularity=month").status_code == 400
        assert client.get("/api/reports/sales").status_code == 401
        assert client.post("/api/reports/sales", headers=bearer("ada")).status_code == 405
