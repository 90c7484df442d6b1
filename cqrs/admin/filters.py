"""A change list filters by the parameters of its query: one form in the sidebar shows them all."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ListFilter
from django.contrib.admin.views.main import ERROR_FLAG, ORDER_VAR, PAGE_VAR
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.utils import ErrorList
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from cqrs.queries.filters import FilteredQuery
from cqrs.queries.filtersets import filterset_of

SEARCH = "search"  # the search box of the page shows it
REPLACED = (ORDER_VAR, PAGE_VAR, ERROR_FLAG)  # the form starts the list anew


class ParametersFilter(ListFilter):
    """Filter a change list by the FilterSet of its query, from the same query string as the API.

    A wrong value shows no rows, and its error.
    """

    title = "parameters"
    template = "cqrs/filter_form.html"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.filterset = filterset_of(model_admin.query_type)(request.GET)
        self.shown = [name for name in self.filterset.filters if name != SEARCH]
        # What the form's own inputs send; unfold passes on all other parameters.
        self.used_parameters = dict.fromkeys((*self.shown, *REPLACED))
        for name in self.expected_parameters():
            params.pop(name, None)

    def expected_parameters(self) -> list[str | None]:
        return list(self.filterset.filters)

    def has_output(self) -> bool:
        return bool(self.shown)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.filterset.is_valid():
            found: QuerySet[Any] = self.filterset.filter_queryset(queryset)
            return found
        for name, errors in self.filterset.errors.items():
            show_errors(request, name, errors)
        return queryset.none()

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        yield {"fields": self.fields}

    @cached_property
    def fields(self) -> list[forms.BoundField]:
        form = self.filterset.form
        for name in self.shown:
            form.fields[name].widget = _styled(form.fields[name].widget)
        return [form[name] for name in self.shown]


def search(
    request: HttpRequest, query_type: type[FilteredQuery], rows: QuerySet[Any], text: str
) -> QuerySet[Any]:
    """Return the rows that the query's own search finds."""
    by_text = filterset_of(query_type).base_filters[SEARCH]
    try:
        found: QuerySet[Any] = by_text.filter(rows, by_text.field.clean(text))
    except ValidationError as error:
        show_errors(request, SEARCH, ErrorList(error.messages))
        return rows.none()
    return found


def show_errors(request: HttpRequest, name: str, errors: ErrorList) -> None:
    messages.error(request, f"{name}: {' '.join(map(str, errors))}")


def _styled(widget: Any) -> forms.Widget:
    """Return the widget that looks like the rest of the page."""
    if isinstance(widget, forms.SelectMultiple):
        return UnfoldAdminCheckboxSelectMultipleWidget(choices=widget.choices)  # type: ignore[no-any-return]
    if isinstance(widget, forms.Select):
        return UnfoldAdminSelectWidget(choices=widget.choices)  # type: ignore[no-any-return]
    return UnfoldAdminTextInputWidget()  # type: ignore[no-any-return]
