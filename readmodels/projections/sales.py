"""Project the sales per day, one row per day and currency.

An order belongs to its own date in UTC, also if it was entered later. `order_count` counts all
orders of the day; `cancelled_count` counts the cancelled ones, which are not in the revenue. Every
value is a sum over single events, so their sequence and delay do not change the result.
"""

from collections.abc import Iterator
from decimal import Decimal

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.rows import MissingRow, RowState
from cqrs.projections.split_events import event_for_row
from cqrs.projections.table import Table
from orders.events import OrderCancelled, OrderCreated
from readmodels.models import SalesDayReadModel
from readmodels.projections.text import added, utc_text


def ordered(day: RowState | None, event: RecordedEvent) -> RowState:
    data = event.data
    if day is None:
        day = {
            "period": data["period"],
            "currency": data["currency"],
            "order_count": 0,
            "cancelled_count": 0,
            "revenue": "0",
        }
    day["order_count"] += 1
    day["revenue"] = added(day["revenue"], Decimal(data["amount"]))
    return day


def cancelled(day: RowState | None, event: RecordedEvent) -> RowState:
    if day is None:
        raise MissingRow(event)
    day["cancelled_count"] += 1
    day["revenue"] = added(day["revenue"], Decimal(event.data["amount"]).copy_negate())
    return day


HANDLERS = {OrderCreated.wire_name: ordered, OrderCancelled.wire_name: cancelled}

SALES_DAYS = Table(
    SalesDayReadModel,
    id=lambda day: f"{day['period']} {day['currency']}",
    day=lambda day: day["period"],
    version=lambda _: 1,  # a day is no aggregate: the position alone decides which row is newer
)


class Sales(Projection):
    """Writes `read_sales_days`."""

    name = "sales"
    version = 1
    table = SALES_DAYS
    handlers = HANDLERS

    def split(self, event: RecordedEvent) -> Iterator[RecordedEvent]:
        """Yield the event for the row of its order's day."""
        data = event.data
        day, currency = utc_text(data["order_date"])[: len("2026-01-31")], data["currency"]
        key, amount = f"{day} {currency}", data["total_amount"]
        yield event_for_row(event, key, period=day, currency=currency, amount=amount)
