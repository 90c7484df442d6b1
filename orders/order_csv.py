"""Read the order CSV: one line per order line, the lines of one order next to each other.

An id that is a UUID is used as it is. Any other text becomes a UUIDv5 in a namespace per kind, so
that one file always gives the same ids. The format is documented in docs/importing.md.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

REQUIRED = ("order_id", "ordered_at", "customer_id", "product_id", "quantity", "unit_price")
ADDRESS = ("street", "city", "state", "postal_code", "country")
OPTIONAL = ("customer_name", "customer_email", "product_name", "currency", *ADDRESS)
REASON = "reason"  # a column of the rejected file, which can be imported again

# The namespaces are published: they must never change.
NAMESPACES = {
    kind: uuid5(NAMESPACE_DNS, f"{kind}.order-desk.invalid")
    for kind in ("order", "customer", "product")
}

Row = dict[str, str]


class UnreadableFile(Exception):
    """The file cannot be imported. The text gives the reason in one line."""


class _WrongHeader(Exception):
    """The header is wrong. The text says how."""


@dataclass(frozen=True, slots=True)
class RawOrder:
    """The rows of one order as in the file; `line` is the number of the first one, from 1."""

    order_id: str
    line: int
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Survey:
    """The result of a first pass over the file. The lines of `torn` orders are not adjacent."""

    orders: int
    torn: frozenset[UUID]

    def is_torn(self, order: RawOrder) -> bool:
        return bool(order.order_id) and stable_id("order", order.order_id) in self.torn


def survey(path: Path) -> Survey:
    """Read the whole file once. Raises `UnreadableFile` before anything is imported."""
    seen: set[UUID] = set()
    torn: set[UUID] = set()
    count = 0
    for order in read(path):
        count += 1
        if order.order_id:  # lines without an id are rejected later
            order_id = stable_id("order", order.order_id)
            (torn if order_id in seen else seen).add(order_id)
    return Survey(count, frozenset(torn))


def read(path: Path) -> Iterator[RawOrder]:
    """Yield the orders in the sequence of the file. Raises `UnreadableFile`."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            _check_header(reader.fieldnames)
            for _, group in groupby(_numbered(reader), key=_order_key):
                lines = list(group)
                line, first = lines[0]
                yield RawOrder(first["order_id"] or "", line, [row for _, row in lines])
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{path}: not UTF-8 text") from error
    except csv.Error as error:
        raise UnreadableFile(f"{path}: not CSV: {error}") from error
    except _WrongHeader as error:
        raise UnreadableFile(f"{path}: wrong header: {error}") from error


def _numbered(reader: "csv.DictReader[str]") -> Iterator[tuple[int, Row]]:
    """Yield each row with its first line: a quoted value can have several lines."""
    line = reader.line_num + 1
    for row in reader:
        yield line, row
        line = reader.line_num + 1


def _order_key(numbered: tuple[int, Row]) -> UUID | None:
    """Return the order's id, which is the same for all spellings of one UUID."""
    order_id = numbered[1]["order_id"]
    return stable_id("order", order_id) if order_id else None


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
        raise _WrongHeader("; ".join(part for part in parts if part))


def stable_id(kind: str, text: str) -> UUID:
    """Return the text as an id: itself if it is a UUID, else its UUIDv5."""
    try:
        return UUID(text)
    except ValueError:
        return uuid5(NAMESPACES[kind], text)
