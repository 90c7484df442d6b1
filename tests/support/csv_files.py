"""Writing order CSV files for tests."""

import csv
from pathlib import Path
from typing import Any

COLUMNS = (
    "order_id", "ordered_at", "customer_id", "customer_name", "customer_email", "product_id",
    "product_name", "quantity", "unit_price", "currency", "street", "city", "state",
    "postal_code", "country",
)  # fmt: skip
ROW = {
    "ordered_at": "2026-01-31T12:30:00",
    "customer_id": "c-1",
    "customer_name": "Ada",
    "customer_email": "ada@example.com",
    "product_id": "p-1",
    "product_name": "Lamp",
    "quantity": "2",
    "unit_price": "10.50",
    "currency": "EUR",
    "street": "12 Elm Street",
    "city": "Springfield",
    "state": "IL",
    "postal_code": "62701",
    "country": "US",
}


def row(order_id: str, **changes: str) -> dict[str, str]:
    return {"order_id": order_id, **ROW, **changes}


def write(path: Path, *rows: dict[str, str], columns: Any = COLUMNS) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
