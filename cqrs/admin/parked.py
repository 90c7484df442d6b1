"""Parked events in the admin: see, retry and discard them."""

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
    """Show the events that failed and those that wait behind them; retry or discard them."""

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

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("cqrs_projections.handle_parked")

    @admin.action(description="Retry their aggregates, in order", permissions=["handle"])
    def retry(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        applied = parked.retry(list(rows.order_by("position")))
        self.message_user(request, f"{applied} event(s) applied", messages.INFO)

    @admin.action(description="Discard: the read model will lack them", permissions=["handle"])
    def discard(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        found = list(rows.order_by("position"))
        parked.discard(found)
        self.message_user(request, f"{len(found)} event(s) discarded", messages.WARNING)
