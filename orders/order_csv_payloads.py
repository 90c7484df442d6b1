"""Turn rows of the order CSV into the payloads of import commands."""

from collections.abc import Mapping
from typing import Any

from cqrs.messaging import grammar
from cqrs.messaging.caseless import nfc
from cqrs.messaging.csv_cells import original
from customers.public import placeholder
from orders.order_csv import ADDRESS, REQUIRED, RawOrder, stable_id

PLACEHOLDER = "unknown"
PER_ORDER = (
    "ordered_at", "customer_id", "customer_name", "customer_email", *ADDRESS,
    "special_instructions",
)  # fmt: skip


def defects(order: RawOrder) -> list[str]:
    """Return the errors in the rows themselves, before they are validated as an order."""
    found = []
    for row in order.rows:
        if row.defect:
            found.append(f"line {row.line}: {row.defect}")
        else:
            found += [f"{name} is empty" for name in REQUIRED if not row.values[name]]
    whole = [row.values for row in order.rows if not row.defect]
    found += _wrong_times(whole)
    for name in PER_ORDER:
        if len({nfc(values.get(name, "")) for values in whole}) > 1:
            found.append(f"{name} differs between the lines of the order")
    return found


def customer_payload(order: RawOrder) -> dict[str, Any]:
    """Return the payload of `ImportCustomer`."""
    values = order.rows[0].values
    customer_id = stable_id("customer", values["customer_id"])
    return {
        "customer_id": customer_id,
        "name": _text(values, "customer_name") or f"Customer {values['customer_id']}"[:200],
        "email": _text(values, "customer_email") or placeholder(customer_id),
        "registered_at": grammar.iso_time(values["ordered_at"]),
    }


def order_payload(order: RawOrder) -> dict[str, Any]:
    """Return the payload of `ImportOrder`."""
    values = order.rows[0].values
    return {
        "order_id": order.key,
        "ordered_at": grammar.iso_time(values["ordered_at"]),
        "customer_id": stable_id("customer", values["customer_id"]),
        "items": [_line(row.values) for row in order.rows],
        "shipping_address": {name: _text(values, name) or PLACEHOLDER for name in ADDRESS},
        "special_instructions": _text(values, "special_instructions"),
    }


def _wrong_times(rows: list[Mapping[str, str]]) -> list[str]:
    found = []
    for text in dict.fromkeys(values["ordered_at"] for values in rows if values["ordered_at"]):
        try:
            grammar.iso_time(text)
        except ValueError as error:
            found.append(f"ordered_at: {error}")
    return found


def _line(values: Mapping[str, str]) -> dict[str, Any]:
    line: dict[str, Any] = {
        "product_id": stable_id("product", values["product_id"]),
        "product_name": _text(values, "product_name") or f"Product {values['product_id']}"[:200],
        "quantity": _number(values["quantity"]),
        "unit_price": values["unit_price"],
    }
    if values.get("currency"):
        line["currency"] = values["currency"]
    return line


def _text(values: Mapping[str, str], name: str) -> str:
    return original(values.get(name, ""))


def _number(text: str) -> int | str:
    """Return the whole number. Other texts are left to the validation."""
    try:
        return grammar.whole_number(text)
    except ValueError:
        return text
