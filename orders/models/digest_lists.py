"""What the digests of orders cover, by the version of the list."""

from cqrs.event_log.digests import FieldLists
from orders.models.shipping import ADDRESS_COLUMNS

ORDER_FIELDS: FieldLists = {
    1: (
        "id", "version", "customer_id", "status", "currency", "total_amount", "order_date",
        "special_instructions", "carrier", "tracking_number", *ADDRESS_COLUMNS,
    )
}  # fmt: skip
LINE_FIELDS: FieldLists = {
    1: (
        "product_id", "product_name", "quantity", "reserved_quantity", "unit_price", "line_total",
        "currency",
    )
}  # fmt: skip
