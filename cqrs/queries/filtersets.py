"""Generate django-filter FilterSets from query messages.

The FilterSet's form reads texts with the pydantic types of the message, so the API and a form
accept and refuse the same values with the same words. A FilterSet has one filter for each
parameter that is marked with `FilterBy`, and one for the ordering:

>>> from typing import Annotated, Literal
>>> from django.contrib.auth.models import User
>>> from django.db.models import Q
>>> from cqrs.queries.filters import FilterBy
>>> from cqrs.queries.paging import ListQuery
>>> def joined_in(year: int) -> Q:
...     return Q(date_joined__year=year)
>>> class ListUsers(ListQuery):
...     model = User
...     year: Annotated[int | None, FilterBy(joined_in)] = None
...     ordering: Literal["username", "-username"] = "username"
>>> users = filterset_of(ListUsers)({"year": "last", "ordering": "-username"})
>>> list(users.filters)
['year', 'ordering']
>>> users.errors["year"]
['Not a whole number such as 10']
"""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Literal, cast, get_args, get_origin

from django import forms
from django.db.models import QuerySet
from django_filters import Filter, FilterSet
from pydantic import TypeAdapter, ValidationError

from cqrs.messaging.error_text import plain_text
from cqrs.queries.filters import NOT_GIVEN, FilterBy, FilteredQuery, filters_of
from cqrs.queries.orderings import sorted_by

ORDERING = "ordering"
Narrow = Callable[[QuerySet[Any], Any], QuerySet[Any]]


def filtered_rows(query: FilteredQuery) -> QuerySet[Any]:
    """Return the rows that pass the filters of a validated query, in no order.

    The FilterSet's filters take the values as they are. Its form, which reads texts and takes
    longer than the ORM's compiler, is not built.
    """
    filters = filterset_of(type(query)).base_filters
    rows: QuerySet[Any] = query.model._default_manager.all()
    for name in filters_of(type(query)):
        rows = filters[name].filter(rows, getattr(query, name))
    return rows


@cache
def filterset_of(query_type: type[FilteredQuery]) -> type[FilterSet]:
    """Return the FilterSet of a query. Its form's values and errors are those of the message."""
    filters = {
        name: _filter(query_type, name, _applying(mark), mark.choices)
        for name, mark in filters_of(query_type).items()
    }
    if ORDERING in query_type.model_fields:
        filters[ORDERING] = _filter(query_type, ORDERING, _sorted)
    meta = type("Meta", (), {"model": query_type.model, "fields": ()})
    return cast(
        "type[FilterSet]",
        type(FilterSet)(f"{query_type.__name__}FilterSet", (FilterSet,), {**filters, "Meta": meta}),
    )


class ParameterField(forms.Field):
    """Read a parameter's text with its type in the message; no text is the default."""

    def __init__(self, *, parse: Callable[[Any], Any], default: Any, **options: Any) -> None:
        super().__init__(**options)
        self.parse, self.default = parse, default

    def clean(self, value: Any) -> Any:
        if value in self.empty_values:
            return self.default
        try:
            return self.parse(value)
        except ValidationError as wrong:
            raise forms.ValidationError(
                [_shown(error["type"], error["msg"]) for error in wrong.errors()]
            ) from wrong


def _shown(code: str, text: str) -> forms.ValidationError:
    return forms.ValidationError(plain_text(code, text), code)


class ParameterFilter(Filter):
    """Narrow or sort a queryset by the value of a parameter."""

    field_class = ParameterField

    def __init__(self, narrow: Narrow, **options: Any) -> None:
        super().__init__(**options)
        self.narrow = narrow

    def filter(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return queryset if value in NOT_GIVEN else self.narrow(queryset, value)


# Each FilterSet deep-copies what its filters hold. A function is not copied, an object is.
def _applying(mark: FilterBy) -> Narrow:
    return lambda queryset, value: queryset.filter(mark.condition(value))


def _sorted(queryset: QuerySet[Any], ordering: str) -> QuerySet[Any]:
    return queryset.order_by(*sorted_by(queryset.model, ordering))


def _filter(
    query_type: type[FilteredQuery], name: str, narrow: Narrow, choices: tuple[str, ...] = ()
) -> ParameterFilter:
    field = query_type.model_fields[name]
    value_type: Any = Annotated[field.annotation, field]
    adapter: TypeAdapter[Any] = TypeAdapter(value_type)
    repeatable = name in query_type.repeatable_fields()
    return ParameterFilter(
        narrow,
        label=name.replace("_", " ").capitalize(),
        parse=adapter.validator.validate_python,
        default=None if field.is_required() else field.default,
        widget=_widget(choices or _choices(field.annotation), repeatable),
    )


def _widget(choices: tuple[str, ...], repeatable: bool) -> forms.Widget:
    options = [(choice, choice) for choice in choices]
    if repeatable:
        return forms.SelectMultiple(choices=options)
    return forms.Select(choices=[("", "---------"), *options]) if options else forms.TextInput()


def _choices(annotation: Any) -> tuple[str, ...]:
    """Return the values that a type lists: of a literal or a boolean, alone or inside."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if annotation is bool:
        return ("true", "false")
    inside = [_choices(part) for part in get_args(annotation)]
    return next((found for found in inside if found), ())
