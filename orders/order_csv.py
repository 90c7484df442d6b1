"""Reading the order CSV: one line per order line, the lines of one order next to each other.

Ids that are UUIDs are kept; any other text becomes a UUIDv5 in a namespace per kind, so that the
same file always names the same orders. The format is documented in docs/importing.md.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

REQUIRED = ("order_id", "ordered_at", "customer_id", "product_id", "quantity", "unit_price")
ADDRESS = ("street", "city", "state", "postal_code", "country")
OPTIONAL = ("customer_name", "customer_email", "product_name", "currency", *ADDRESS)
REASON = "reason"  # the rejected file adds it, and may come back with it

# The namespaces are published: they must never change.
NAMESPACES = {
    kind: uuid5(NAMESPACE_DNS, f"{kind}.order-desk.invalid")
    for kind in ("order", "customer", "product")
}
PLACEHOLDER = "unknown"
PER_ORDER = ("ordered_at", "customer_id", "customer_name", "customer_email", *ADDRESS)

Row = dict[str, str]


class UnreadableFile(Exception):
    """The file cannot be imported at all. The text is one line that says why."""


@dataclass(frozen=True, slots=True)
class RawOrder:
    """The rows of one order as they stand in the file; `line` is the first one's, from 1."""

    order_id: str
    line: int
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first pass over the file found: how many orders, and which are torn apart."""

    orders: int
    torn: frozenset[str]


def survey(path: Path) -> Survey:
    """Read the whole file once. Raises `UnreadableFile` before anything is imported."""
    seen: set[str] = set()
    torn: set[str] = set()
    count = 0
    for order in read(path):
        count += 1
        (torn if order.order_id in seen else seen).add(order.order_id)
    return Survey(count, frozenset(torn))


def read(path: Path) -> Iterator[RawOrder]:
    """Yield the orders of the file in its order. Raises `UnreadableFile`."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            _check_header(reader.fieldnames)
            numbered = ((reader.line_num, row) for row in reader)
            for order_id, group in groupby(numbered, key=lambda item: item[1]["order_id"]):
                lines = list(group)
                yield RawOrder(order_id, lines[0][0], [row for _, row in lines])
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{path}: not UTF-8 text (byte {error.start})") from error
    except csv.Error as error:
        raise UnreadableFile(f"{path}: not CSV: {error}") from error


def _check_header(names: Any) -> None:
    names = list(names or ())
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name for name in names if name not in (*REQUIRED, *OPTIONAL, REASON)]
    if missing or unknown or len(set(names)) != len(names):
        parts = [
            f"missing columns: {', '.join(missing)}" if missing else "",
            f"unknown columns: {', '.join(map(str, unknown))}" if unknown else "",
            "" if len(set(names)) == len(names) else "a column stands there twice",
        ]
        raise UnreadableFile("Wrong header: " + "; ".join(part for part in parts if part))


def stable_id(kind: str, text: str) -> UUID:
    """Return the id that a text stands for: itself if it is a UUID, else its UUIDv5."""
    try:
        return UUID(text)
    except ValueError:
        return uuid5(NAMESPACES[kind], text)


def defects(order: RawOrder) -> list[str]:
    """Return what is wrong with the rows as rows, before they are looked at as an order."""
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
    """Return what `ImportCustomer` takes."""
    row = order.rows[0]
    customer_id = stable_id("customer", row["customer_id"])
    return {
        "customer_id": customer_id,
        "name": row.get("customer_name") or f"Customer {row['customer_id']}"[:200],
        "email": row.get("customer_email") or f"{customer_id}@import.invalid",
        "registered_at": _moment(row["ordered_at"]),
    }


def order_payload(order: RawOrder) -> dict[str, Any]:
    """Return what `ImportOrder` takes."""
    row = order.rows[0]
    return {
        "order_id": stable_id("order", order.order_id),
        "ordered_at": _moment(row["ordered_at"]),
        "customer_id": stable_id("customer", row["customer_id"]),
        "items": [_line(line) for line in order.rows],
        "shipping_address": {name: row.get(name) or PLACEHOLDER for name in ADDRESS},
    }


def _line(row: Mapping[str, str]) -> dict[str, Any]:
    line: dict[str, Any] = {
        "product_id": stable_id("product", row["product_id"]),
        "product_name": row.get("product_name") or f"Product {row['product_id']}"[:200],
        "quantity": int(row["quantity"]) if row["quantity"].isdecimal() else row["quantity"],
        "unit_price": row["unit_price"],
    }
    if row.get("currency"):
        line["currency"] = row["currency"]
    return line


def _moment(text: str) -> datetime | str:
    """Return the time, in UTC when the text names no zone. Leaves what is none to validation."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
