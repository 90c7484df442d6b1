"""An order as rows of a CSV file, one for each of its lines."""

from collections.abc import Iterator, Mapping
from typing import Any

# The columns that an import knows (docs/importing.md) have the same names here.
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

# A spreadsheet takes a cell that begins so for a formula, and runs it.
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def rows_of(order: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Yield the order's lines, each with what is the order's own."""
    before = [harmless(order[name]) for name in OF_THE_ORDER.values()]
    after = [harmless(order[name]) for name in AFTER_IT]
    for line in order["items"]:
        yield [*before, *[harmless(line[name]) for name in OF_THE_LINE], *after]


def harmless(value: Any) -> Any:
    """Return the value as a cell that no spreadsheet computes: an apostrophe says it is text."""
    return f"'{value}" if type(value) is str and value.startswith(FORMULA) else value
