"""The list queries' parameters as django-filter sets: for forms, and for work with querysets.

They name the filters that the messages have and use the same specifications; a test keeps the two
equal. The API itself never builds one: that would cost more than everything else it does.
"""

from typing import Any, ClassVar, cast, get_args

import django_filters
from django import forms
from django.db.models import QuerySet
from pydantic import TypeAdapter, ValidationError

from cqrs.messaging.currencies import MINOR_UNITS
from cqrs.messaging.messages import Query
from cqrs.queries.orderings import sorted_by
from cqrs.queries.parameters import Moment, first_of, last_of
from readmodels.documents import Status
from readmodels.models import (
    CustomerReadModel,
    OrderReadModel,
    ProductSalesReadModel,
    StockReadModel,
)
from readmodels.queries import GetProductSales, ListCustomers, ListOrders, ListStock

Found = Any  # a queryset of one of the read models: with the methods that the filters call
_moment: TypeAdapter[Any] = TypeAdapter(Moment)


class MomentField(forms.CharField):
    """A UTC day or a timestamp."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return _moment.validate_python(text) if text else None
        except ValidationError as error:
            raise forms.ValidationError(error.errors()[0]["msg"]) from error


class MomentFilter(django_filters.Filter):
    field_class = MomentField


def choices(values: Any) -> list[tuple[str, str]]:
    return [(value, value) for value in values]


def orderings(query: type[Query]) -> list[tuple[str, str]]:
    return choices(get_args(query.model_fields["ordering"].annotation))


class ReadFilterSet(django_filters.FilterSet):
    """What all lists take: an ordering with its ties by id."""

    query: ClassVar[type[Query]]

    def sort(self, found: Found, name: str, value: str) -> Found:
        return found.order_by(*sorted_by(value))

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        usual = cast(str, self.query.model_fields["ordering"].default)
        found = queryset.order_by(*sorted_by(usual))
        return cast("QuerySet[Any]", super().filter_queryset(found))


class SearchFilterSet(ReadFilterSet):
    """What lists with texts take, too."""

    search = django_filters.CharFilter(method="matching", max_length=200)

    def matching(self, found: Found, name: str, value: str) -> Found:
        return found.matching(value)


class OrderFilterSet(SearchFilterSet):
    query = ListOrders

    customer_id = django_filters.UUIDFilter()
    status = django_filters.MultipleChoiceFilter(
        method="in_status", choices=choices(get_args(Status))
    )
    currency = django_filters.ChoiceFilter(choices=choices(sorted(MINOR_UNITS)))
    from_date = MomentFilter(method="placed_from")
    to_date = MomentFilter(method="placed_until")
    min_total = django_filters.NumberFilter("total_amount", "gte", max_digits=28)
    max_total = django_filters.NumberFilter("total_amount", "lte", max_digits=28)
    ordering = django_filters.ChoiceFilter(method="sort", choices=orderings(ListOrders))

    class Meta:
        model = OrderReadModel
        fields: ClassVar[list[str]] = []

    def in_status(self, found: Found, name: str, value: list[str]) -> Found:
        return found.with_status(value)

    def placed_from(self, found: Found, name: str, value: Any) -> Found:
        return found.placed_between(first_of(value), None)

    def placed_until(self, found: Found, name: str, value: Any) -> Found:
        return found.placed_between(None, last_of(value))


class CustomerFilterSet(SearchFilterSet):
    query = ListCustomers

    is_active = django_filters.BooleanFilter()
    ordering = django_filters.ChoiceFilter(method="sort", choices=orderings(ListCustomers))

    class Meta:
        model = CustomerReadModel
        fields: ClassVar[list[str]] = []


class StockFilterSet(SearchFilterSet):
    query = ListStock

    ordering = django_filters.ChoiceFilter(method="sort", choices=orderings(ListStock))

    class Meta:
        model = StockReadModel
        fields: ClassVar[list[str]] = []


class ProductSalesFilterSet(ReadFilterSet):
    query = GetProductSales

    ordering = django_filters.ChoiceFilter(method="sort", choices=orderings(GetProductSales))

    class Meta:
        model = ProductSalesReadModel
        fields: ClassVar[list[str]] = []

    def filter_queryset(self, queryset: Found) -> QuerySet[Any]:
        return super().filter_queryset(queryset.sold())
