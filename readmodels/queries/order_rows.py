"""Turn an order into rows of a CSV file, one for each of its lines."""

from collections.abc import Iterator, Mapping
from typing import Any

from cqrs.messaging.csv_cells import harmless

# An import reads columns of the same names (docs/importing.md).
OF_THE_ORDER = {
    "order_id": "id", "ordered_at": "order_date", "status": "status",
    "customer_id": "customer_id", "customer_name": "customer_name",
    "customer_email": "customer_email",
}  # fmt: skip
OF_THE_LINE = ("product_id", "product_name", "quantity", "unit_price", "line_total", "currency")
AFTER_IT = (
    "total_amount", "shipping_address", "special_instructions", "carrier", "tracking_number",
    "updated_at", "version",
)  # fmt: skip
ADDRESS = ("street", "city", "state", "postal_code", "country")
HEADER = (*OF_THE_ORDER, *OF_THE_LINE, *AFTER_IT, *ADDRESS)


def rows_of(order: Mapping[str, Any], address: Mapping[str, str]) -> Iterator[list[Any]]:
    """Yield one row per line. The order's own columns repeat on each row."""
    before = [cell(order[name]) for name in OF_THE_ORDER.values()]
    after = [cell(order[name]) for name in AFTER_IT]
    after += [cell(address.get(name, "")) for name in ADDRESS]
    for line in order["items"]:
        yield [*before, *[cell(line[name]) for name in OF_THE_LINE], *after]


def cell(value: Any) -> Any:
    return harmless(value) if type(value) is str else value
