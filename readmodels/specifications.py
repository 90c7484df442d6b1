"""What can be asked of the read models: conditions that combine, and querysets that take them.

None of this runs a query: the use case that combines it bounds and orders the result.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q

COUNT_CAP = 100_000


@dataclass(frozen=True, slots=True)
class Specification:
    """A condition on the rows of a read model. Combines with `&`, `|` and `~`."""

    condition: Q

    def __and__(self, other: "Specification") -> "Specification":
        return Specification(self.condition & other.condition)

    def __or__(self, other: "Specification") -> "Specification":
        return Specification(self.condition | other.condition)

    def __invert__(self) -> "Specification":
        return Specification(~self.condition)


@dataclass(frozen=True, slots=True)
class SearchTextContains:
    """Every word is part of the row's text in the search table of whichever model is queried.

    An EXISTS, not an IN: beside `|` and under `~` PostgreSQL would keep all that an IN finds in
    memory, and go through it for every row if it is too much.
    """

    words: tuple[str, ...]
    conditional: ClassVar[bool] = True

    def resolve_expression(self, query: Any, *arguments: Any, **options: Any) -> Any:
        """Look for the words where the model that is queried keeps its texts."""
        found = query.model.search_model.objects.filter(pk=OuterRef("pk"))
        for word in self.words:
            found = found.filter(search_text__contains=word)
        return Exists(found).resolve_expression(query, *arguments, **options)


def containing(*words: str) -> Specification:
    """Every word is part of a name, an e-mail address or the id.

    Case does not count, in any language: both sides are casefolded in Python, because what
    `ILIKE` knows of letters depends on the locale that the database was made with.
    """
    return Specification(Q(SearchTextContains(tuple(word.casefold() for word in words))))


def placed_by(customer_id: UUID) -> Specification:
    return Specification(Q(customer_id=customer_id))


def in_status(*statuses: str) -> Specification:
    """The order is in any of the statuses."""
    if len(statuses) == 1:  # an equality leaves the index's order usable, an IN does not
        return Specification(Q(status=statuses[0]))
    return Specification(Q(status__in=statuses))


def in_currency(currency: str) -> Specification:
    return Specification(Q(currency=currency))


def placed_from(first: datetime) -> Specification:
    return Specification(Q(order_date__gte=first))


def placed_until(last: datetime) -> Specification:
    """The order is dated `last` or earlier."""
    return Specification(Q(order_date__lte=last))


def totalling_from(least: Decimal) -> Specification:
    """The order's total, in whatever currency, is `least` or more."""
    return Specification(Q(total_amount__gte=least))


def totalling_until(most: Decimal) -> Specification:
    return Specification(Q(total_amount__lte=most))


def is_active(active: bool = True) -> Specification:
    return Specification(Q(is_active=active))


class ReadModelQuerySet(models.QuerySet[Any]):
    """What all read models can be asked."""

    def satisfying(self, *specifications: Specification | None) -> Self:
        """Keep the rows that fulfil all of them; None keeps every row."""
        found = self
        for specification in specifications:
            if specification is not None:
                found = found.filter(specification.condition)
        return found

    def matching(self, search: str) -> Self:
        """Keep the rows that contain every word."""
        words = search.casefold().split()
        return self.satisfying(containing(*words)) if words else self

    def capped_count(self) -> int:
        """Count the rows, but none beyond the first past `COUNT_CAP`."""
        return self.order_by().values("pk")[: COUNT_CAP + 1].count()


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
