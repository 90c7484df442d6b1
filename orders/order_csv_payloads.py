"""Turn rows of the order CSV into the payloads of import commands."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from customers.public import placeholder
from orders.order_csv import ADDRESS, REQUIRED, RawOrder, stable_id

PLACEHOLDER = "unknown"
PER_ORDER = ("ordered_at", "customer_id", "customer_name", "customer_email", *ADDRESS)

WHOLE_NUMBER = re.compile(r"-?[0-9]{1,30}")  # int() also accepts "1_000" and other digits


def defects(order: RawOrder) -> list[str]:
    """Return the errors in the rows themselves, before they are validated as an order."""
    found = []
    for offset, row in enumerate(order.rows):
        if None in row or None in row.values():
            found.append(f"row {offset + 1} has another number of columns than the header")
        found += [f"{name} is empty" for name in REQUIRED if not row.get(name)]
    for name in PER_ORDER:
        if len({row.get(name) for row in order.rows}) > 1:
            found.append(f"{name} differs between the lines of the order")
    return found


def customer_payload(order: RawOrder) -> dict[str, Any]:
    """Return the payload of `ImportCustomer`."""
    row = order.rows[0]
    customer_id = stable_id("customer", row["customer_id"])
    return {
        "customer_id": customer_id,
        "name": row.get("customer_name") or f"Customer {row['customer_id']}"[:200],
        "email": row.get("customer_email") or placeholder(customer_id),
        "registered_at": _moment(row["ordered_at"]),
    }


def order_payload(order: RawOrder) -> dict[str, Any]:
    """Return the payload of `ImportOrder`."""
    row = order.rows[0]
    return {
        "order_id": stable_id("order", order.order_id),
        "ordered_at": _moment(row["ordered_at"]),
        "customer_id": stable_id("customer", row["customer_id"]),
        "items": [_line(line) for line in order.rows],
        "shipping_address": {name: row.get(name) or PLACEHOLDER for name in ADDRESS},
    }


def _line(row: Mapping[str, str]) -> dict[str, Any]:
    quantity = row["quantity"]
    line: dict[str, Any] = {
        "product_id": stable_id("product", row["product_id"]),
        "product_name": row.get("product_name") or f"Product {row['product_id']}"[:200],
        "quantity": int(quantity) if WHOLE_NUMBER.fullmatch(quantity) else quantity,
        "unit_price": row["unit_price"],
    }
    if row.get("currency"):
        line["currency"] = row["currency"]
    return line


def _moment(text: str) -> datetime | str:
    """Return the time, in UTC if the text has no zone. Other texts are left to the validation."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
