"""No page of the admin fails, whatever the query string and whatever year is stored."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tests.support.log import Log
from tests.support.pages import ORDERS, SALES, url

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
LISTS = sorted(
    f"admin:{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry
)
VALUES = ["USD\0", "", "x", "-1", "9" * 30]
NAMES = [
    "q", "o", "p", "e", "all", "_facets", "_popup", "_to_field", "_changelist_filters", "search",
    "ordering", "status", "currency", "currency__exact", "currency__isnull", "page", "page_size",
    "from_date", "to_date", "min_total", "customer_id", "id", "id__in", "pk", "consumer",
    "consumer__exact", "type", "reaction", "is_active", "is_active__exact", "username",
    "order_date", "order_date__year", "order_date__month", "order_date__day", "order_date__gte",
    "day", "day__year", "day__month", "day__day", "granularity", "last_order_at__year", "x\0",
]  # fmt: skip
DATES = {f"admin:readmodels_{name}": column for name, column in
         (("orderreadmodel", "order_date"), ("salesdayreadmodel", "day"))}  # fmt: skip
YEARS = [1, 9999]


@pytest.fixture
def every_year(log: Log) -> None:
    """Store orders in the first and the last days of time."""
    customer = log.customer()
    for year in YEARS:
        for month, day in ((1, 1), (12, 31)):
            log.order(customer, order_date=datetime(year, month, day, 23, 59, 59, tzinfo=UTC))
    log.stock(on_hand=1)
    log.projected()


@pytest.fixture
def ask(admin_client: Client) -> Any:
    def asked(path: str, status: tuple[int, ...] = (200, 302, 400)) -> Any:
        answer = admin_client.get(path)
        assert answer.status_code in status, (path, answer.status_code)
        return answer

    return asked


def queries(shift: int) -> Iterator[str]:
    """Yield each name with one of the values, another one on each list."""
    for number, name in enumerate(NAMES):
        yield urlencode({name: VALUES[(number + shift) % len(VALUES)]})
    yield "currency=USD%00&q=%00"
    yield "%00=%00&=&&"
    yield "q=" + "a" * 5_000


@pytest.mark.parametrize("name", LISTS)
class TestChangeLists:
    def test_take_any_query_string(self, ask: Any, every_year: None, name: str) -> None:
        path = reverse(f"{name}_changelist")
        for query in queries(LISTS.index(name)):
            ask(f"{path}?{query}")

    def test_take_any_key(self, ask: Any, every_year: None, name: str) -> None:
        for key in ("\0", "_00", "9" * 30):
            for page in ("change", "history", "delete"):
                ask(reverse(f"{name}_{page}", args=[key]), (302, 400, 403, 404))


@pytest.mark.parametrize("name", DATES)
class TestEveryYear:
    def test_is_shown(self, ask: Any, every_year: None, name: str) -> None:
        path, column = reverse(f"{name}_changelist"), DATES[name]
        for year, month, day in (
            (1, "", ""), (1, 1, ""), (1, 1, 1), (9999, "", ""), (9999, 12, ""), (9999, 12, 31),
            (9999, "", 31), (9999, 13, ""), (9999, 12, 32), (-1, "", ""), (10_000, "", ""),
        ):  # fmt: skip
            given = {"year": year, "month": month, "day": day}
            chosen = {f"{column}__{part}": n for part, n in given.items() if n != ""}
            ask(f"{path}?{urlencode(chosen)}")

    @pytest.mark.parametrize("year", YEARS)
    def test_is_found(self, ask: Any, every_year: None, name: str, year: int) -> None:
        path, column = reverse(f"{name}_changelist"), DATES[name]
        for month, day in ((1, 1), (12, 31)):
            chosen = {f"{column}__year": year}
            for more in ({}, {f"{column}__month": month}, {f"{column}__day": day}):
                chosen |= more
                answer = ask(f"{path}?{urlencode(chosen)}", (200,))
                found = len(answer.context_data["cl"].result_list)
                assert found == (2 if len(chosen) == 1 else 1), chosen


class TestPages:
    def test_of_a_history_say_who_changes_rows(self, ask: Any, every_year: None) -> None:
        for name in LISTS:
            listed = ask(reverse(f"{name}_changelist"), (200,)).context_data["cl"].result_list
            for row in list(listed)[:1]:
                ask(reverse(f"{name}_history", args=[row.pk]), (200,))
                ask(reverse(f"{name}_change", args=[row.pk]), (200,))

    def test_show_charts_of_the_first_days(self, ask: Any, every_year: None) -> None:
        answer = ask(f"{url(f'{SALES}_changelist')}?day__year=1&day__month=1", (200,))
        assert len(answer.context_data["charts"]) == 1
        assert str(answer.context_data["charts"][0].data).count("0001-01-01") == 1

    def test_are_the_same_as_the_lists_of_the_api(self, ask: Any, every_year: None) -> None:
        path = f"{url(f'{ORDERS}_changelist')}?from_date=9999-12-31"
        assert len(ask(path, (200,)).context_data["cl"].result_list) == 1
