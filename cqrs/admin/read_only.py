"""Base classes of read models in the admin: their pages show rows and change nothing."""

from typing import Any, ClassVar

import orjson
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from cqrs.admin.filters import SEARCH, ParametersFilter, search
from cqrs.admin.periods import PeriodChangeList
from cqrs.messaging.caseless import spellings
from cqrs.queries.filters import FilteredQuery, filters_of
from cqrs.queries.specifications import COUNT_CAP, capped_count


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable at run time
    """Count no further than the API does."""

    @cached_property
    def count(self) -> int:
        found: Any = self.object_list
        return min(capped_count(found), COUNT_CAP)


class ReadModelAdmin(ModelAdmin):
    """Show a list and a page. Only the projections write the rows."""

    view_permission: ClassVar[str]

    actions: Any = None
    list_fullwidth = True
    list_per_page = 50
    paginator: Any = CappedPaginator
    show_full_result_count = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return PeriodChangeList

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(self.view_permission)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class QueryAdmin(ReadModelAdmin):
    """Show a list that the FilterSet of `query_type` filters and sorts.

    The page takes the parameters of the API, and its search box is the query's `search`.
    """

    query_type: ClassVar[type[FilteredQuery]]

    list_filter: Any = (ParametersFilter,)
    list_filter_submit = True
    show_facets = admin.ShowFacets.NEVER  # a form has no counts

    def get_search_fields(self, request: HttpRequest) -> Any:
        # The specification searches. Django shows a search box when there is any field.
        return [SEARCH] if SEARCH in filters_of(self.query_type) else self.search_fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if SEARCH in filters_of(self.query_type):
            return search(request, self.query_type, queryset, search_term), False
        found = queryset.none()
        for form in spellings(search_term):
            found |= super().get_search_results(request, queryset, form)[0]
        return found, False


def document_field(name: str, description: str, ordering: str | None = None) -> Any:
    """Return a column that shows a field of the row's document, as the API does."""

    @admin.display(description=description, ordering=ordering)
    def shown(_: ModelAdmin, row: Any) -> str:
        return orjson.loads(row.document)[name] or "-"

    return shown


def table(headings: Any, rows: Any) -> SafeString:
    head = format_html_join(
        "", "<th class='pr-4 text-left'>{}</th>", ((name.replace("_", " "),) for name in headings)
    )
    cells = [
        (format_html_join("", "<td class='pr-4'>{}</td>", ((cell,) for cell in row)),)
        for row in rows
    ]
    body = format_html_join("", "<tr>{}</tr>", cells)
    return format_html(
        '<table class="w-full text-left"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        head,
        body,
    )
