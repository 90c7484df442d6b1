"""What can be asked of the read models: conditions that combine, and querysets that take them.

None of this runs a query: the use case that combines it bounds and orders the result.
"""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from django.db.models import Q

from cqrs.queries.specifications import ReadModelQuerySet


def placed_by(customer_id: UUID) -> Q:
    return Q(customer_id=customer_id)


def in_status(*statuses: str) -> Q:
    """The order is in any of the statuses."""
    if len(statuses) == 1:  # an equality leaves the index's order usable, an IN does not
        return Q(status=statuses[0])
    return Q(status__in=statuses)


def in_currency(currency: str) -> Q:
    return Q(currency=currency)


def placed_from(first: datetime) -> Q:
    return Q(order_date__gte=first)


def placed_until(last: datetime) -> Q:
    """The order is dated `last` or earlier."""
    return Q(order_date__lte=last)


def totalling_from(least: Decimal) -> Q:
    """The order's total, in whatever currency, is `least` or more."""
    return Q(total_amount__gte=least)


def totalling_until(most: Decimal) -> Q:
    return Q(total_amount__lte=most)


def is_active(active: bool = True) -> Q:
    return Q(is_active=active)


class OrderQuerySet(ReadModelQuerySet):
    """Orders. A criterion of None keeps every row."""

    def for_customer(self, customer_id: UUID | None) -> Self:
        return self if customer_id is None else self.satisfying(placed_by(customer_id))

    def with_status(self, statuses: Collection[str]) -> Self:
        """Keep the orders in any of the statuses; an empty collection keeps all."""
        return self.satisfying(in_status(*statuses)) if statuses else self

    def in_currency(self, currency: str | None) -> Self:
        return self if currency is None else self.satisfying(in_currency(currency))

    def placed_between(self, first: datetime | None, last: datetime | None) -> Self:
        """Keep the orders dated from `first` to `last`, both included."""
        return self.satisfying(
            None if first is None else placed_from(first),
            None if last is None else placed_until(last),
        )

    def totalling(self, least: Decimal | None, most: Decimal | None) -> Self:
        """Keep the orders whose total lies between the two, both included, in any currency."""
        return self.satisfying(
            None if least is None else totalling_from(least),
            None if most is None else totalling_until(most),
        )


class CustomerQuerySet(ReadModelQuerySet):
    """Customers. A criterion of None keeps every row."""

    def active(self, active: bool | None) -> Self:
        return self if active is None else self.satisfying(is_active(active))


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
