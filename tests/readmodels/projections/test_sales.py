from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from typing import Any

import orjson
import pytest

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.rows import MissingRow
from readmodels.models import SalesDayReadModel
from readmodels.projections.sales import Sales
from tests.support.expected import sums
from tests.support.log import PLACED, Log
from tests.support.projection_contract import DeskProjectionContract
from tests.support.snapshots import last_snapshots

READ = pytest.mark.django_db(databases=["default", "replica"])


def fold(events: Sequence[RecordedEvent]) -> dict[str, Any]:
    """Gather the orders of each day as they are in the end, then sum them up."""
    found: dict[str, Any] = {}
    for order in last_snapshots(events, "order").values():
        day, currency = order.order_date.astimezone(UTC).date().isoformat(), order.currency
        row = found.setdefault(f"{day} {currency}", {
            "period": day, "currency": currency,
            "order_count": 0, "cancelled_count": 0, "revenue": Decimal(0),
        })  # fmt: skip
        row["order_count"] += 1
        row["cancelled_count"] += order.status == "cancelled"
        if order.status != "cancelled":
            with localcontext(prec=60):
                row["revenue"] += order.total_amount
    return found


class TestSales(DeskProjectionContract):
    projection = Sales()
    models = (SalesDayReadModel,)
    fold = staticmethod(fold)

    def observed(self) -> dict[str, Any]:
        """Leave out the days that all orders have left, which are zeros."""
        found = sums(SalesDayReadModel)
        for row in found.values():
            assert row["order_count"] or not (row["cancelled_count"] or row["revenue"])
        return {key: row for key, row in found.items() if row["order_count"]}

    @READ
    def test_writes_the_document_and_its_columns(self, log: Log) -> None:
        customer = log.customer()
        log.order(customer, total="10.10")
        log.cancel(log.order(customer, total="5.00"))
        log.order(customer, total="0.20")
        self.apply(log.sequenced())
        row = SalesDayReadModel.objects.get()
        assert row.id == "2026-01-31 USD"
        assert list(orjson.loads(row.document).items()) == [
            ("period", "2026-01-31"),
            ("currency", "USD"),
            ("order_count", 3),
            ("cancelled_count", 1),
            ("revenue", "10.30"),
        ]
        assert (row.day, row.currency, row.revenue) == (date(2026, 1, 31), "USD", Decimal("10.3"))
        assert (row.order_count, row.cancelled_count, row.position) == (3, 1, 5)

    @READ
    def test_an_order_belongs_to_its_own_day_in_utc(self, log: Log) -> None:
        customer = log.customer()
        west, midnight = timezone(timedelta(hours=-5)), PLACED.replace(hour=0, minute=0)
        log.order(customer, order_date=midnight)
        log.order(customer, order_date=midnight - timedelta(microseconds=1))
        log.order(customer, order_date=datetime(2026, 1, 29, 22, tzinfo=west))
        self.apply(log.sequenced())
        counts = SalesDayReadModel.objects.order_by("id").values_list("id", "order_count")
        assert list(counts) == [("2026-01-30 USD", 2), ("2026-01-31 USD", 1)]

    @READ
    def test_keeps_the_digits_of_each_currency(self, log: Log) -> None:
        customer = log.customer()
        for currency, total in (("JPY", "7"), ("USD", "7.00"), ("KWD", "7.005")):
            log.order(customer, total=total, currency=currency)
            log.cancel(log.order(customer, total=total, currency=currency))
        self.apply(log.sequenced())
        revenues = [
            orjson.loads(row.document)["revenue"] for row in SalesDayReadModel.objects.all()
        ]
        assert sorted(revenues) == ["7", "7.00", "7.005"]

    @READ
    def test_a_cancellation_without_its_order_is_an_error(self, log: Log) -> None:
        log.cancel(log.order(log.customer()))
        with pytest.raises(MissingRow, match=r"orders\.order_cancelled at position 3"):
            self.apply(log.sequenced()[2:])

    def test_is_one_partition_because_days_gather_from_all(self) -> None:
        assert (self.projection.is_divisible, self.projection.partitions) == (False, 1)
