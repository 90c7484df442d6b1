"""The reports and the history of orders in the admin, with charts of the revenue."""

from typing import Any, ClassVar

import orjson
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cqrs.admin.filters import ParametersFilter
from cqrs.admin.read_only import QueryAdmin, ReadModelAdmin, document_field
from cqrs.messaging.grammar import uuid
from readmodels.admin.charts import revenue_by_day
from readmodels.models import OrderEventReadModel, ProductSalesReadModel, SalesDayReadModel
from readmodels.queries import GetProductSales, GetSalesReport
from readmodels.specifications import is_event_of

LABELS = {"OrderChangedOutside": "Changed outside the application"}


class SalesAdmin(QueryAdmin):
    """Base of the two reports."""

    view_permission = "readmodels.view_reports"
    readonly_fields = ("amount",)

    amount = document_field("revenue", "Revenue", ordering="revenue")


@admin.register(SalesDayReadModel)
class SalesDayAdmin(SalesAdmin):
    query_type = GetSalesReport
    list_display = ("day", "currency", "order_count", "cancelled_count", "amount")
    date_hierarchy = "day"
    ordering = ("-id",)
    list_before_template = "readmodels/sales_charts.html"
    fields = (("day", "currency"), ("order_count", "cancelled_count", "amount"), "position")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Draw the rows that pass the filters."""
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None)
        if context and "cl" in context:
            context["charts"] = revenue_by_day(context["cl"].queryset)
        return response


@admin.register(ProductSalesReadModel)
class ProductSalesAdmin(SalesAdmin):
    query_type = GetProductSales
    list_filter = (ParametersFilter, "currency")
    search_fields: ClassVar = ["product_name"]
    search_help_text = "Words of the product's name"

    list_display = ("product_name", "currency", "quantity", "amount", "order_count", "product_id")
    fields = (
        ("product_name", "product_id"),
        ("currency", "quantity", "amount", "order_count"),
        "position",
    )


@admin.register(OrderEventReadModel)
class OrderEventAdmin(ReadModelAdmin):
    view_permission = "readmodels.view_orders"
    search_fields: ClassVar = ["id"]
    search_help_text = "The id of an order"

    list_display = ("id", "event", "occurred_at", "actor")
    ordering = ("-id",)
    fields = ("id", ("event", "occurred_at", "actor"), "data", ("customer_id", "position"))
    readonly_fields = ("event", "occurred_at", "actor", "data")

    occurred_at = document_field("occurred_at", "Occurred at")
    actor = document_field("actor", "Actor")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        try:
            return queryset.filter(is_event_of(uuid(search_term.strip()))), False
        except ValueError:
            return queryset.none(), False

    @admin.display(description="Event")
    def event(self, row: OrderEventReadModel) -> str:
        name = str(orjson.loads(row.document)["type"])
        return LABELS.get(name, name)

    @admin.display(description="Data")
    def data(self, row: OrderEventReadModel) -> SafeString:
        data = orjson.loads(row.document)["data"]
        return format_html("<pre>{}</pre>", orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())
