"""Project the sales per day, one row per day and currency.

An order belongs to its own date in UTC, also if it was entered later. `order_count` counts all
orders of the day; `cancelled_count` counts the cancelled ones, which are not in the revenue. Every
value is a sum over single events, so their sequence and delay do not change the result. A day
without orders, because they were changed outside, stays as a row of zeros: parked events can come.
"""

from collections.abc import Iterator
from typing import Any

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.rows import MissingRow, RowState
from cqrs.projections.split_events import event_for_row
from cqrs.projections.table import Table
from orders.events import OrderCancelled, OrderChangedOutside, OrderCreated
from readmodels.models import SalesDayReadModel
from readmodels.projections.contributions import contributions, is_cancelled
from readmodels.projections.text import added, utc_text


def split_by_day(event: RecordedEvent) -> Iterator[RecordedEvent]:
    """Yield an event per day and currency, with what it adds to the sums there."""
    found: dict[str, dict[str, Any]] = {}
    for sign, order in contributions(event):
        period, currency = utc_text(order["order_date"])[: len("2026-01-31")], order["currency"]
        day = found.setdefault(f"{period} {currency}", no_orders(period, currency))
        sold = 0 if is_cancelled(order) else sign
        day["order_count"] += sign
        day["cancelled_count"] += sign - sold
        day["revenue"] = added(day["revenue"], order["total_amount"], sold)
    for key, day in found.items():
        yield event_for_row(event, key, **day)


def no_orders(period: str, currency: str) -> RowState:
    return {
        "period": period,
        "currency": currency,
        "order_count": 0,
        "cancelled_count": 0,
        "revenue": "0",
    }


def summed(day: RowState | None, event: RecordedEvent) -> RowState:
    """Add the event to the sums of its day, which begin with an order that it brings."""
    more = event.data
    if day is None:
        if more["order_count"] < 1:
            raise MissingRow(event)
        day = no_orders(more["period"], more["currency"])
    day["order_count"] += more["order_count"]
    day["cancelled_count"] += more["cancelled_count"]
    day["revenue"] = added(day["revenue"], more["revenue"])
    return day


HANDLERS = {
    OrderCreated.wire_name: summed,
    OrderCancelled.wire_name: summed,
    OrderChangedOutside.wire_name: summed,
}

SALES_DAYS = Table(
    SalesDayReadModel,
    id=lambda day: f"{day['period']} {day['currency']}",
    day=lambda day: day["period"],
    version=lambda _: 1,  # a day is no aggregate: the position alone decides which row is newer
)


class Sales(Projection):
    """Writes `read_sales_days`."""

    name = "sales"
    version = 2
    table = SALES_DAYS
    handlers = HANDLERS

    def split(self, event: RecordedEvent) -> Iterator[RecordedEvent]:
        """Yield the event for the rows of its order's day; two if another program moved it."""
        yield from split_by_day(event)
