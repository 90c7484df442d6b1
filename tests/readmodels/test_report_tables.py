"""The reports' tables, whose keys are texts: rebuilt, verified, mended, parked and retried."""

import io
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connections

from cqrs.operations.parked import of_projections
from cqrs.projections.models import ParkedEvent
from cqrs.projections.registry import runner
from cqrs.rebuild import comparison
from readmodels.models import (
    OrderEventReadModel,
    ProductName,
    ProductSalesReadModel,
    SalesDayReadModel,
)
from readmodels.projections import PROJECTIONS, sales
from tests.support.built import nothing_is_left, projections
from tests.support.log import PLACED, Log
from tests.support.step_details import PRODUCTS

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.usefixtures(nothing_is_left.__name__),
]
*_, SALES, PRODUCT_SALES, HISTORY = PROJECTIONS
NAMES = ("sales", "product_sales", "order_history")
MODELS = (SalesDayReadModel, ProductSalesReadModel, ProductName, OrderEventReadModel)


@pytest.fixture(autouse=True)
def _no_write_side(settings: Any) -> None:
    """The log here has no write side that could agree with it."""
    settings.CQRS = {**settings.CQRS, "AUDITS": []}


def rows() -> dict[str, list[dict[str, Any]]]:
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in MODELS}


def filled() -> Log:
    log = Log()
    for number in range(24):
        lines = [(PRODUCTS[number % 3], f"Lamp {number}", 2, f"{number}.25")] * (1 + number % 2)
        date = PLACED.replace(day=1 + number % 7)
        currency = ("USD", "EUR", "JPY")[number % 2]
        order = log.order(log.customer(), lines=lines, currency=currency, order_date=date)
        if number % 4 == 0:
            log.cancel(order)
    log.projected()
    return log


class TestReportTables:
    def test_are_rebuilt_equal(self) -> None:
        log = filled()
        before = rows()
        said = projections("rebuild", *NAMES)
        for name in NAMES:
            assert f"{name}: swapped" in said
        assert rows() == before
        log.order(log.customer())
        log.projected()
        assert SalesDayReadModel.objects.filter(pk="2026-01-31 USD").exists()

    @pytest.mark.parametrize("chunk", [1, 3, 5_000])
    def test_are_verified_and_mended_in_chunks_of_any_size(
        self, monkeypatch: pytest.MonkeyPatch, chunk: int
    ) -> None:
        monkeypatch.setattr(comparison, "CHUNK", chunk)
        filled()
        before = rows()
        assert "Everything agrees" in projections("verify", *NAMES)
        day, *_, last = SalesDayReadModel.objects.order_by("pk").values_list("pk", flat=True)
        SalesDayReadModel.objects.filter(pk=day).update(revenue=1)
        SalesDayReadModel.objects.filter(pk=last).delete()
        ProductSalesReadModel.objects.filter(currency="EUR").delete()
        invented = OrderEventReadModel.objects.first()
        invented.pk = '\'; "zzz" %s'
        invented.save(force_insert=True)
        output = io.StringIO()
        with pytest.raises(CommandError, match=r"^6 difference"):
            projections("verify", *NAMES, output=output)
        said = output.getvalue()
        assert f"read_sales_days {day}: changed: revenue stored 1.0000" in said
        assert f"read_sales_days {last}: missing" in said
        assert 'read_order_history \'; "zzz" %s: invented' in said
        assert "6 repaired" in projections("verify", *NAMES, "--repair")
        assert rows() == before

    def test_a_new_version_is_folded_twice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        filled()
        before = rows()
        for projection in (SALES, PRODUCT_SALES, HISTORY):
            monkeypatch.setattr(type(projection), "version", 3)
            said = projections("rebuild", projection.name)
            assert "folded once more on their own: 0 differ" in said
        assert rows() == before

    def test_what_was_parked_is_added_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        log = Log()
        customer = log.customer()

        def broken(*_: Any) -> None:
            raise KeyError("a bug")

        with monkeypatch.context() as patch:
            patch.setitem(sales.HANDLERS, "orders.order_created", broken)
            parked = [log.order(customer, total="10.00") for _ in range(2)]
            log.projected()
        log.cancel(parked[0])
        log.order(customer, total="0.01")
        log.projected()
        day = SalesDayReadModel.objects.get()
        assert (day.order_count, day.cancelled_count, str(day.revenue)) == (1, 0, "0.0100")
        assert ParkedEvent.objects.filter(consumer="sales").count() == 3
        rows = ParkedEvent.objects.filter(consumer="sales")
        assert {*rows.values_list("stream_type", "stream_id")} == {("order", key) for key in parked}
        assert of_projections.retry_all([SALES.name]) == 3
        assert of_projections.retry_all([SALES.name]) == 0
        day.refresh_from_db()
        assert (day.order_count, day.cancelled_count, str(day.revenue)) == (3, 1, "10.0100")
        assert "Everything agrees" in projections("verify", "sales")

    def test_have_one_partition_where_rows_gather(self) -> None:
        counts = {each.name: len(runner.started(each)) for each in PROJECTIONS[3:]}
        assert counts == {"sales": 1, "product_sales": 1, "order_history": 4}

    def test_keys_sort_by_their_bytes(self) -> None:
        with connections["replica"].cursor() as cursor:
            cursor.execute(
                "SELECT count(*), count(*) FILTER (WHERE collation_name = 'C')"
                " FROM information_schema.columns"
                " WHERE column_name = 'id' AND table_name = ANY(%s)",
                [[model._meta.db_table for model in MODELS]],
            )
            assert cursor.fetchone() == (4, 4)
