"""The drill-down by year, month and day of a change list, for every year that can be stored.

Django's own adds a year to what is asked for and fails for the year 9999.
"""

from calendar import monthrange
from datetime import date
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import DateTimeField
from unfold.views import ChangeList

from cqrs.messaging.grammar import whole_number
from cqrs.queries.parameters import first_of, last_of


class PeriodChangeList(ChangeList):
    """Turns the parameters of the drill-down into the first and the last moment of the period."""

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = super().get_filters_params(params)
        column = self.date_hierarchy
        if not column or f"{column}__year" not in found:
            return found
        parts = [found.pop(f"{column}__{part}", [None])[-1] for part in ("year", "month", "day")]
        try:
            first, last = period(*[part and whole_number(part) for part in parts])
        except ValueError as error:
            raise IncorrectLookupParameters(error) from error
        bounds = (first, last)
        if isinstance(self.lookup_opts.get_field(column), DateTimeField):
            bounds = (first_of(first), last_of(last))
        return {**found, f"{column}__gte": [bounds[0]], f"{column}__lte": [bounds[1]]}


def period(year: int, month: int | None = None, day: int | None = None) -> tuple[date, date]:
    """Return the first and the last day of a year, a month or a day. Raises `ValueError`.

    >>> period(9999), period(2026, 2)
    ((datetime.date(9999, 1, 1), datetime.date(9999, 12, 31)), \
(datetime.date(2026, 2, 1), datetime.date(2026, 2, 28)))
    """
    first = date(year, month or 1, day or 1)
    last_month = month or (first.month if day else 12)
    return first, date(year, last_month, day or monthrange(year, last_month)[1])
