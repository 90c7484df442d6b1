"""The read models in the admin: to look at, never to change, by the queries' own permissions."""

from typing import Any, ClassVar

import orjson
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from readmodels import parked, report_admin  # noqa: F401  registers the reports
from readmodels.models import CustomerReadModel, OrderReadModel, ParkedEvent, StockReadModel
from readmodels.read_only_admin import ReadModelAdmin, document_field, table

LINE_COLUMNS = ("product_name", "quantity", "unit_price", "line_total", "currency", "product_id")


@admin.register(OrderReadModel)
class OrderAdmin(ReadModelAdmin):
    view_permission = "readmodels.view_orders"
    search_help_text = "Words of the order's id, the customer's name or e-mail address"

    list_display = ("id", "customer_name", "status", "total", "currency", "order_date")
    list_filter = ("status", "currency", "order_date")
    date_hierarchy = "order_date"
    ordering = ("-order_date", "-id")
    fields = (
        "id",
        ("customer_name", "customer_email"),
        ("customer_id", "status"),
        ("order_date", "updated_at"),
        ("total", "currency"),
        "lines",
        "shipping_address",
        "special_instructions",
        ("carrier", "tracking_number"),
        ("version", "position"),
    )
    readonly_fields = ("total", "lines", "shipping_address", "special_instructions", "carrier",
                       "tracking_number")  # fmt: skip

    # In the currency's minor unit, which the column does not know.
    total = document_field("total_amount", "Total", ordering="total_amount")
    shipping_address = document_field("shipping_address", "Shipping address")
    special_instructions = document_field("special_instructions", "Special instructions")
    carrier = document_field("carrier", "Carrier")
    tracking_number = document_field("tracking_number", "Tracking number")

    @admin.display(description="Lines")
    def lines(self, order: OrderReadModel) -> SafeString:
        items = orjson.loads(order.document)["items"]
        return table(LINE_COLUMNS, [[item[name] for name in LINE_COLUMNS] for item in items])


@admin.register(CustomerReadModel)
class CustomerAdmin(ReadModelAdmin):
    view_permission = "readmodels.view_customers"
    search_help_text = "Words of the id, the name or the e-mail address"

    list_display = ("id", "name", "email", "is_active", "order_count", "last_order_at")
    list_filter = ("is_active",)
    ordering = ("-registered_at", "-id")
    fields = (
        "id",
        ("name", "email", "is_active"),
        ("registered_at", "last_order_at"),
        ("order_count", "open_order_count", "cancelled_count"),
        "amounts",
        ("version", "position"),
    )
    readonly_fields = ("amounts",)

    @admin.display(description="Totals")
    def amounts(self, customer: CustomerReadModel) -> SafeString:
        return table(("currency", "amount"), sorted(customer.totals.items()))


@admin.register(StockReadModel)
class StockAdmin(ReadModelAdmin):
    view_permission = "readmodels.view_stock"
    search_help_text = "Words of the id, the name or the SKU"

    list_display = ("id", "name", "sku", "on_hand", "reserved", "available")
    ordering = ("name", "id")
    fields = (
        "id",
        ("name", "sku"),
        ("on_hand", "reserved", "available"),
        ("version", "position"),
    )


@admin.register(ParkedEvent)
class ParkedEventAdmin(ReadModelAdmin):
    """What no projection could apply, and what waits behind it: to retry or to give up."""

    view_permission = "readmodels.view_parked"

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
        return request.user.has_perm("readmodels.handle_parked")

    @admin.action(description="Retry their aggregates, in order", permissions=["handle"])
    def retry(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        applied = parked.retry(list(rows.order_by("position")))
        self.message_user(request, f"{applied} event(s) applied", messages.INFO)

    @admin.action(description="Discard for good: the read model lacks them", permissions=["handle"])
    def discard(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        found = list(rows.order_by("position"))
        parked.discard(found)
        self.message_user(request, f"{len(found)} event(s) discarded", messages.WARNING)
