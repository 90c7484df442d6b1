"""The specifications of this domain's read models: functions from a value to a condition.

They combine with `&`, `|` and `~`. None of them runs a query. A value is inclusive where it bounds
a range; a day stands for all of its microseconds in UTC.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from cqrs.queries.parameters import day_of, first_of, last_of


def placed_by(customer_id: UUID) -> Q:
    return Q(customer_id=customer_id)


def in_status(*statuses: str) -> Q:
    """The order is in any of the statuses."""
    if len(statuses) == 1:  # an equality leaves the index's order usable, an IN does not
        return Q(status=statuses[0])
    return Q(status__in=statuses)


def in_currency(currency: str) -> Q:
    return Q(currency=currency)


def placed_from(first: date | datetime) -> Q:
    return Q(order_date__gte=first_of(first))


def placed_until(last: date | datetime) -> Q:
    return Q(order_date__lte=last_of(last))


def totalling_from(least: Decimal) -> Q:
    """The order's total is `least` or more, in any currency."""
    return Q(total_amount__gte=least)


def totalling_until(most: Decimal) -> Q:
    return Q(total_amount__lte=most)


def is_active(active: bool = True) -> Q:
    return Q(is_active=active)


def sold_from(first: date | datetime) -> Q:
    return Q(day__gte=day_of(first))


def sold_until(last: date | datetime) -> Q:
    return Q(day__lte=day_of(last))


def has_orders() -> Q:
    """At least one order is of the day, cancelled or not: the last can be deleted outside."""
    return Q(order_count__gt=0)


def was_sold() -> Q:
    """At least one order of the product was not cancelled."""
    return Q(order_count__gt=0)


def is_event_of(order_id: UUID) -> Q:
    return Q(id__gt=f"{order_id} ", id__lt=f"{order_id}!")


def order_event_key(order_id: str, version: int) -> str:
    """Return the key of an order's event: keys sort by order, then by version."""
    return f"{order_id} {version:010}"
