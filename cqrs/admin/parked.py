"""Failed events of projections and reactions in the admin: see, retry and discard them."""

from contextlib import suppress
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import Error
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from cqrs.admin.read_only import ReadModelAdmin
from cqrs.consumers.ahead import AheadOfLog
from cqrs.models import ReactionWork
from cqrs.operations.parked import FailedEvents, of_projections, of_reactions
from cqrs.operations.progress import ahead_projections
from cqrs.projections.models import ParkedEvent


class FailedEventAdmin(ReadModelAdmin):
    """Show failed events of one kind of consumer; retry or discard them."""

    view_permission = "cqrs_projections.view_parked"
    failed: ClassVar[FailedEvents]

    ordering = ("position",)
    paginator = Paginator
    search_fields: ClassVar = ["=stream_id", "=event_id"]
    actions = ("retry", "discard")

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("cqrs_projections.handle_parked")

    def changelist_view(self, request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        with suppress(Error):  # the list is also of use without the write database
            if names := ahead_projections():
                self.message_user(request, str(AheadOfLog(names)), messages.ERROR)
        page: HttpResponse = super().changelist_view(request, *arguments, **named)
        return page

    @admin.action(description="Retry them, in order", permissions=["handle"])
    def retry(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        applied = self.failed.retry(list(rows.order_by("position")))
        self.message_user(request, f"{applied} event(s) applied", messages.INFO)

    @admin.action(description="Discard: their effects will be missing", permissions=["handle"])
    def discard(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        found = list(rows.order_by("position"))
        self.failed.discard(found)
        self.message_user(request, f"{len(found)} event(s) discarded", messages.WARNING)


@admin.register(ParkedEvent)
class ParkedEventAdmin(FailedEventAdmin):
    """Show the events that a projection failed on and those that wait behind them."""

    failed = of_projections
    list_display = ("consumer", "position", "type", "stream_id", "version", "attempts", "retry_at")
    list_filter = ("consumer", "type")
    fields = (
        ("consumer", "position"),
        ("type", "event_id"),
        ("stream_type", "stream_id", "version"),
        ("attempts", "retry_at", "parked_at"),
        "error",
    )


@admin.register(ReactionWork)
class FailedReactionAdmin(FailedEventAdmin):
    """Show the events that a reaction failed on, whether they are tried again or not."""

    failed = of_reactions
    list_display = ("reaction", "position", "type", "stream_id", "version", "attempts", "due_at")
    list_filter = ("reaction", "type")
    fields = (
        ("reaction", "position"),
        ("type", "event_id"),
        ("stream_type", "stream_id", "version"),
        ("attempts", "due_at", "created_at"),
        "error",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.exclude(error="")
