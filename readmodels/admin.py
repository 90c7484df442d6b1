"""The read models in the admin: to look at, never to change, by the queries' own permissions."""

from typing import Any, ClassVar
from uuid import UUID

import orjson
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from readmodels.charts import revenue_by_day
from readmodels.models import (
    CustomerReadModel,
    OrderEventReadModel,
    OrderReadModel,
    ProductSalesReadModel,
    SalesDayReadModel,
    StockReadModel,
)
from readmodels.specifications import COUNT_CAP

LINE_COLUMNS = ("product_name", "quantity", "unit_price", "line_total", "currency", "product_id")


class CappedPaginator(Paginator):
    """Counts no further than the API does: nobody turns the ten thousandth page."""

    @cached_property
    def count(self) -> int:
        found: Any = self.object_list
        return min(int(found.capped_count()), COUNT_CAP)


class ReadModelAdmin(ModelAdmin):
    """A list and a page to look at. Rows are written by the projections alone."""

    view_permission: ClassVar[str]

    actions = None
    list_fullwidth = True
    list_per_page = 50
    paginator = CappedPaginator
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

    @admin.display(description="Total", ordering="total_amount")
    def total(self, order: OrderReadModel) -> str:
        return _text(order, "total_amount")  # as the API shows it, in the currency's minor unit

    @admin.display(description="Lines")
    def lines(self, order: OrderReadModel) -> SafeString:
        items = orjson.loads(order.document)["items"]
        return _table(LINE_COLUMNS, [[item[name] for name in LINE_COLUMNS] for item in items])

    @admin.display(description="Shipping address")
    def shipping_address(self, order: OrderReadModel) -> str:
        return _text(order, "shipping_address")

    @admin.display(description="Special instructions")
    def special_instructions(self, order: OrderReadModel) -> str:
        return _text(order, "special_instructions")

    @admin.display(description="Carrier")
    def carrier(self, order: OrderReadModel) -> str:
        return _text(order, "carrier")

    @admin.display(description="Tracking number")
    def tracking_number(self, order: OrderReadModel) -> str:
        return _text(order, "tracking_number")


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
        return _table(("currency", "amount"), sorted(customer.totals.items()))


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


class SalesAdmin(ReadModelAdmin):
    """What the two reports share."""

    view_permission = "readmodels.view_reports"
    search_fields: ClassVar = []
    list_filter = ("currency",)
    readonly_fields = ("amount",)

    # Its rows have no text to search in but their own columns.
    get_search_results = ModelAdmin.get_search_results

    @admin.display(description="Revenue", ordering="revenue")
    def amount(self, row: SalesDayReadModel | ProductSalesReadModel) -> str:
        return _text(row, "revenue")


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

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        try:
            return queryset.of_order(UUID(search_term.strip())), False  # type: ignore[attr-defined]
        except ValueError:
            return queryset.none(), False

    @admin.display(description="Event")
    def event(self, row: OrderEventReadModel) -> str:
        return _text(row, "type")

    @admin.display(description="Occurred at")
    def occurred_at(self, row: OrderEventReadModel) -> str:
        return _text(row, "occurred_at")

    @admin.display(description="Actor")
    def actor(self, row: OrderEventReadModel) -> str:
        return _text(row, "actor")

    @admin.display(description="Data")
    def data(self, row: OrderEventReadModel) -> SafeString:
        data = orjson.loads(row.document)["data"]
        return format_html("<pre>{}</pre>", orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())


def _text(row: Any, name: str) -> str:
    return orjson.loads(row.document)[name] or "-"


def _table(headings: Any, rows: Any) -> SafeString:
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
