"""What can be asked of the read models, as queryset methods that combine.

None of them runs a query: the use case that combines them bounds and orders the result.
"""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from django.db import models

COUNT_CAP = 100_000


class ReadModelQuerySet(models.QuerySet[Any]):
    """What all read models can be asked."""

    def matching(self, search: str) -> Self:
        """Keep the rows in which every word is part of a name, an e-mail address or the id.

        Case does not count, in any language: both sides are casefolded in Python, because
        what `ILIKE` knows of letters depends on the locale that the database was made with.
        """
        found = self
        for word in search.casefold().split():
            found = found.filter(search_text__contains=word)
        return found

    def capped_count(self) -> int:
        """Count the rows, but none beyond the first past `COUNT_CAP`."""
        return self.order_by().values("pk")[: COUNT_CAP + 1].count()


class OrderQuerySet(ReadModelQuerySet):
    """Orders. A criterion of None keeps every row."""

    def for_customer(self, customer_id: UUID | None) -> Self:
        return self if customer_id is None else self.filter(customer_id=customer_id)

    def with_status(self, statuses: Collection[str]) -> Self:
        """Keep the orders in any of the statuses; an empty collection keeps all."""
        if not statuses:
            return self
        if len(statuses) == 1:  # an equality leaves the index's order usable, an IN does not
            return self.filter(status=next(iter(statuses)))
        return self.filter(status__in=statuses)

    def in_currency(self, currency: str | None) -> Self:
        return self if currency is None else self.filter(currency=currency)

    def placed_between(self, first: datetime | None, last: datetime | None) -> Self:
        """Keep the orders dated from `first` to `last`, both included."""
        found = self
        if first is not None:
            found = found.filter(order_date__gte=first)
        if last is not None:
            found = found.filter(order_date__lte=last)
        return found

    def totalling(self, least: Decimal | None, most: Decimal | None) -> Self:
        """Keep the orders whose total lies between the two, both included, in any currency."""
        found = self
        if least is not None:
            found = found.filter(total_amount__gte=least)
        if most is not None:
            found = found.filter(total_amount__lte=most)
        return found


class CustomerQuerySet(ReadModelQuerySet):
    """Customers. A criterion of None keeps every row."""

    def active(self, is_active: bool | None) -> Self:
        return self if is_active is None else self.filter(is_active=is_active)


class SalesQuerySet(ReadModelQuerySet):
    """Sums of what was sold. A criterion of None keeps every row."""

    def in_currency(self, currency: str | None) -> Self:
        return self if currency is None else self.filter(currency=currency)

    def on_days(self, first: date | None, last: date | None) -> Self:
        """Keep the UTC days from `first` to `last`, both included."""
        found = self if first is None else self.filter(day__gte=first)
        return found if last is None else found.filter(day__lte=last)

    def sold(self) -> Self:
        """Keep the products of which not every order was cancelled."""
        return self.filter(order_count__gt=0)


class HistoryQuerySet(ReadModelQuerySet):
    """Events of orders."""

    def of_order(self, order_id: UUID) -> Self:
        return self.filter(id__gt=f"{order_id} ", id__lt=f"{order_id}!")


def order_event_key(order_id: str, version: int) -> str:
    """Return the key of an order's event: keys sort by order, then by version."""
    return f"{order_id} {version:010}"
