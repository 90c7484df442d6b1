"""The read models in the admin: read only, by the permissions and parameters of the queries."""

import orjson
from django.contrib import admin
from django.utils.safestring import SafeString

from cqrs.admin.read_only import QueryAdmin, document_field, table
from readmodels.models import CustomerReadModel, OrderReadModel, StockReadModel
from readmodels.queries import ListCustomers, ListOrders, ListStock

LINE_COLUMNS = ("product_name", "quantity", "unit_price", "line_total", "currency", "product_id")


@admin.register(OrderReadModel)
class OrderAdmin(QueryAdmin):
    query_type = ListOrders
    view_permission = "readmodels.view_orders"
    search_help_text = "Words of the order's id, the customer's name or e-mail address"

    list_display = ("id", "customer_name", "status", "total", "currency", "order_date")
    date_hierarchy = "order_date"
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
class CustomerAdmin(QueryAdmin):
    query_type = ListCustomers
    view_permission = "readmodels.view_customers"
    search_help_text = "Words of the id, the name or the e-mail address"

    list_display = ("id", "name", "email", "is_active", "order_count", "last_order_at")
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
class StockAdmin(QueryAdmin):
    query_type = ListStock
    view_permission = "readmodels.view_stock"
    search_help_text = "Words of the id, the name or the SKU"

    list_display = ("id", "name", "sku", "on_hand", "reserved", "available")
    fields = (
        "id",
        ("name", "sku"),
        ("on_hand", "reserved", "available"),
        ("version", "position"),
    )
