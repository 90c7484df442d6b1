"""The reports and the history of orders in the admin, with a picture of the revenue."""

from typing import Any, ClassVar
from uuid import UUID

import orjson
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from cqrs.admin.read_only import ReadModelAdmin, document_field
from readmodels.admin.charts import revenue_by_day
from readmodels.models import OrderEventReadModel, ProductSalesReadModel, SalesDayReadModel


class SalesAdmin(ReadModelAdmin):
    """What the two reports share."""

    view_permission = "readmodels.view_reports"
    search_fields: ClassVar = []
    list_filter = ("currency",)
    readonly_fields = ("amount",)

    # Its rows have no text to search in but their own columns.
    get_search_results = ModelAdmin.get_search_results

    amount = document_field("revenue", "Revenue", ordering="revenue")


@admin.register(SalesDayReadModel)
class SalesDayAdmin(SalesAdmin):
    list_display = ("day", "currency", "order_count", "cancelled_count", "amount")
    date_hierarchy = "day"
    ordering = ("-id",)
    list_before_template = "readmodels/sales_charts.html"
    fields = (("day", "currency"), ("order_count", "cancelled_count", "amount"), "position")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Draw what the filters have left of the list."""
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None)
        if context and "cl" in context:
            context["charts"] = revenue_by_day(context["cl"].queryset)
        return response


@admin.register(ProductSalesReadModel)
class ProductSalesAdmin(SalesAdmin):
    search_fields: ClassVar = ["product_name"]
    search_help_text = "Words of the product's name"

    list_display = ("product_name", "currency", "quantity", "amount", "order_count", "product_id")
    ordering = ("-revenue", "-id")
    fields = (
        ("product_name", "product_id"),
        ("currency", "quantity", "amount", "order_count"),
        "position",
    )


@admin.register(OrderEventReadModel)
class OrderEventAdmin(ReadModelAdmin):
    view_permission = "readmodels.view_orders"
    search_help_text = "The id of an order"

    list_display = ("id", "event", "occurred_at", "actor")
    ordering = ("-id",)
    fields = ("id", ("event", "occurred_at", "actor"), "data", ("customer_id", "position"))
    readonly_fields = ("event", "occurred_at", "actor", "data")

    event = document_field("type", "Event")
    occurred_at = document_field("occurred_at", "Occurred at")
    actor = document_field("actor", "Actor")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        try:
            return queryset.of_order(UUID(search_term.strip())), False  # type: ignore[attr-defined]
        except ValueError:
            return queryset.none(), False

    @admin.display(description="Data")
    def data(self, row: OrderEventReadModel) -> SafeString:
        data = orjson.loads(row.document)["data"]
        return format_html("<pre>{}</pre>", orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())
