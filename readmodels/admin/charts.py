"""Charts of the sales, as data for Chart.js: one for each currency, because no axis fits two."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from django.db.models import Max, QuerySet

from readmodels.specifications import sold_from, sold_until

DAYS = 90
MAX_CURRENCIES = 3


@dataclass(frozen=True, slots=True)
class Chart:
    currency: str
    data: str


def revenue_by_day(found: QuerySet[Any]) -> list[Chart]:
    """Return the revenue of the last days with sales, of the currencies with the most orders."""
    last = found.aggregate(last=Max("day"))["last"]
    if last is None:
        return []
    begins = max(date.min.toordinal(), last.toordinal() - DAYS + 1)
    days = [date.fromordinal(each) for each in range(begins, last.toordinal() + 1)]
    rows = found.order_by().filter(sold_from(days[0]), sold_until(last))
    orders: Counter[str] = Counter()
    revenues: dict[str, dict[date, float]] = {}
    for day, currency, count, revenue in rows.values_list(
        "day", "currency", "order_count", "revenue"
    ):
        orders[currency] += count
        revenues.setdefault(currency, {})[day] = float(revenue)  # a chart needs no cents
    shown = sorted(orders, key=lambda currency: (-orders[currency], currency))[:MAX_CURRENCIES]
    return [Chart(currency, _bars(currency, days, revenues[currency])) for currency in shown]


def _bars(currency: str, days: list[date], revenues: dict[date, float]) -> str:
    bars: dict[str, Any] = {
        "label": f"Revenue, {currency}",
        "data": [revenues.get(day, 0.0) for day in days],
        "backgroundColor": "var(--color-primary-600)",
        "displayYAxis": True,
        "suffixYAxis": currency,
        "maxTicksXLimit": 10,
    }
    labels = [day.isoformat() for day in days]
    return orjson.dumps({"labels": labels, "datasets": [bars]}).decode()
