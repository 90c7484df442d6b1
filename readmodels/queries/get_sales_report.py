"""Show what was sold by day or by month, each currency apart, the earliest first.

`order_count` counts all orders of the period. `cancelled_count` counts the cancelled ones among
them; the revenue leaves those out. A month at the border counts only the days that were asked for.
A timestamp stands for its UTC day. Refuses with `invalid` when the answer is longer than 10,000
rows.
"""

from typing import Annotated, Any, ClassVar, Literal

import orjson
from django.db.models import Model, QuerySet, Sum
from django.db.models.functions import TruncMonth

from cqrs.messaging.currencies import CURRENCIES, MINOR_UNITS, AnyCurrency
from cqrs.messaging.results import FieldError, Ok, Rejected, Result
from cqrs.queries.filters import FilterBy, FilteredQuery
from cqrs.queries.filtersets import filtered_rows
from cqrs.queries.parameters import Moment
from cqrs.queries.results import Results
from readmodels.models import SalesDayReadModel
from readmodels.specifications import has_orders, in_currency, sold_from, sold_until

MAX_ROWS = 10_000


class GetSalesReport(FilteredQuery):
    """Sales by day or month. Dates are UTC days with both ends included."""

    permission: ClassVar[str] = "readmodels.view_reports"
    projection: ClassVar[str] = "sales"
    model: ClassVar[type[Model]] = SalesDayReadModel
    cache_for_s: ClassVar[float] = 60

    granularity: Literal["day", "month"] = "day"
    from_date: Annotated[Moment | None, FilterBy(sold_from)] = None
    to_date: Annotated[Moment | None, FilterBy(sold_until)] = None
    currency: Annotated[AnyCurrency | None, FilterBy(in_currency, CURRENCIES)] = None


def get_sales_report(query: GetSalesReport) -> Result[Results]:
    """Read the documents of the days, or sum the days up by month."""
    days = filtered_rows(query).filter(has_orders())
    found = _by_day(days) if query.granularity == "day" else _by_month(days)
    if len(found) > MAX_ROWS:
        remedy = f"More than {MAX_ROWS:,} rows: ask for fewer days, months or one currency"
        return Rejected("invalid", remedy, (FieldError("from_date", "too_many_rows", remedy),))
    return Ok(Results.of(found))


def _by_day(days: QuerySet[Any]) -> list[str]:
    return list(days.order_by("id").values_list("document", flat=True)[: MAX_ROWS + 1])


def _by_month(days: QuerySet[Any]) -> list[str]:
    sums = (
        days.annotate(month=TruncMonth("day"))
        .values("month", "currency")
        .annotate(orders=Sum("order_count"), cancelled=Sum("cancelled_count"), sum=Sum("revenue"))
        .order_by("month", "currency")
    )
    return [_document(month) for month in sums[: MAX_ROWS + 1]]


def _document(month: dict[str, Any]) -> str:
    digits = MINOR_UNITS.get(month["currency"], 4)
    return orjson.dumps(
        {
            "period": month["month"].isoformat()[: len("2026-01")],
            "currency": month["currency"],
            "order_count": month["orders"],
            "cancelled_count": month["cancelled"],
            "revenue": f"{month['sum']:.{digits}f}",
        }
    ).decode()
