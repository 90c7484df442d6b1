"""Parked events in the admin: to look at, to retry, to discard."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from cqrs.admin.read_only import ReadModelAdmin
from cqrs.operations import parked
from cqrs.projections.models import ParkedEvent


@admin.register(ParkedEvent)
class ParkedEventAdmin(ReadModelAdmin):
    """What no projection could apply, and what waits behind it: to retry or to give up."""

    view_permission = "cqrs_projections.view_parked"

    list_display = ("consumer", "position", "type", "stream_id", "version", "attempts", "retry_at")
    list_filter = ("consumer", "type")
    ordering = ("position",)
    paginator = Paginator
    search_fields: ClassVar = ["=stream_id", "=event_id"]
    actions = ("retry", "discard")
    fields = (
        ("consumer", "position"),
        ("type", "event_id"),
        ("stream_type", "stream_id", "version"),
        ("attempts", "retry_at", "parked_at"),
        "error",
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return admin.ModelAdmin.get_search_results(self, request, queryset, search_term)

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("cqrs_projections.handle_parked")

    @admin.action(description="Retry their aggregates, in order", permissions=["handle"])
    def retry(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        applied = parked.retry(list(rows.order_by("position")))
        self.message_user(request, f"{applied} event(s) applied", messages.INFO)

    @admin.action(description="Discard for good: the read model lacks them", permissions=["handle"])
    def discard(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        found = list(rows.order_by("position"))
        parked.discard(found)
        self.message_user(request, f"{len(found)} event(s) discarded", messages.WARNING)
