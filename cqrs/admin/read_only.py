"""What all pages of read models in the admin share: they show, and change nothing."""

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

from cqrs.queries.specifications import COUNT_CAP


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable at run time
    """Counts no further than the API does: nobody turns the ten thousandth page."""

    @cached_property
    def count(self) -> int:
        found: Any = self.object_list
        return min(int(found.capped_count()), COUNT_CAP)


class ReadModelAdmin(ModelAdmin):
    """A list and a page to look at. Rows are written by the projections alone."""

    view_permission: ClassVar[str]

    actions: Any = None
    list_fullwidth = True
    list_per_page = 50
    paginator: Any = CappedPaginator
    show_full_result_count = False
    # A search is done by the specification; Django only wants to know that there is one.
    search_fields: ClassVar = ["id"]

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

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return queryset.matching(search_term), False  # type: ignore[attr-defined]


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
