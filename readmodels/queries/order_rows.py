"""Turn an order into rows of a CSV file, one for each of its lines."""

from collections.abc import Iterator, Mapping
from typing import Any

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
HEADER = (*OF_THE_ORDER, *OF_THE_LINE, *AFTER_IT)

# A spreadsheet runs a cell that begins with one of these as a formula.
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def rows_of(order: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Yield one row per line. The order's own columns repeat on each row."""
    before = [harmless(order[name]) for name in OF_THE_ORDER.values()]
    after = [harmless(order[name]) for name in AFTER_IT]
    for line in order["items"]:
        yield [*before, *[harmless(line[name]) for name in OF_THE_LINE], *after]


def harmless(value: Any) -> Any:
    """Return the value as a cell that a spreadsheet shows as text: with an apostrophe in front."""
    return f"'{value}" if type(value) is str and value.startswith(FORMULA) else value
