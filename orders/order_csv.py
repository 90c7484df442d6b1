"""Read the order CSV: one line per order line, the lines of one order next to each other.

An id that is a UUID is used as it is. Any other text becomes a UUIDv5 in a namespace per kind, so
that one file always gives the same ids. The format is documented in docs/importing.md.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from uuid import NAMESPACE_DNS, UUID, uuid5

from cqrs.messaging import grammar
from cqrs.messaging.caseless import nfc
from orders.csv_rows import CsvRow, RowReader

REQUIRED = ("order_id", "ordered_at", "customer_id", "product_id", "quantity", "unit_price")
ADDRESS = ("street", "city", "state", "postal_code", "country")
OPTIONAL = (
    "customer_name", "customer_email", "product_name", "currency", *ADDRESS, "special_instructions",
)  # fmt: skip
# What an export says besides. An imported order is pending, and its amounts are computed.
IGNORED = (
    "status", "line_total", "total_amount", "shipping_address", "carrier", "tracking_number",
    "updated_at", "version",
)  # fmt: skip
REASON = "reason"  # the first column of the rejected file, which can be imported again

# The namespaces are published: they must never change.
NAMESPACES = {
    kind: uuid5(NAMESPACE_DNS, f"{kind}.order-desk.invalid")
    for kind in ("order", "customer", "product")
}
_FIRST_CELL = re.compile(r'(?:"(?:[^"]|"")*"|[^",\r\n]*),')


class UnreadableFile(Exception):
    """The file cannot be imported. The text gives the reason in one line."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file. `values` lacks what a row with a `defect` does not say for sure."""

    line: int
    text: str
    values: Mapping[str, str]
    defect: str = ""


@dataclass(frozen=True, slots=True)
class RawOrder:
    """The rows of one order as in the file. Without an id: rows that name no order."""

    order_id: str
    rows: Sequence[Row]

    @property
    def key(self) -> UUID | None:
        return stable_id("order", self.order_id) if self.order_id else None

    @property
    def may_belong_to_a_neighbor(self) -> bool:
        return any("order_id" not in row.values for row in self.rows)


class OrderFile:
    """The orders of a file, in its sequence. Each iteration reads the file anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header = ""
        """The header as it stands in the file, without the column of reasons."""

    def __iter__(self) -> Iterator[RawOrder]:
        """Yield the orders. Raises `UnreadableFile`."""
        try:
            with self.path.open(newline="", encoding="utf-8-sig") as file:
                for _, group in groupby(self._rows(RowReader(file)), key=_order_key):
                    rows = list(group)
                    yield RawOrder(rows[0].values.get("order_id", ""), rows)
        except OSError as error:
            raise UnreadableFile(error.strerror) from error
        except UnicodeDecodeError as error:
            raise UnreadableFile("not UTF-8 text") from error

    def _rows(self, reader: RowReader) -> Iterator[Row]:
        found = iter(reader)
        header = next(found, CsvRow(1, "", []))
        _check_header(header)
        plain = _without_reason if header.cells[0] == REASON else _as_it_is
        header = plain(header)
        self.header = header.text
        for row in found:
            if not row.is_empty:
                found_row = plain(row)
                yield Row(row.line, found_row.text, *_values(header.cells, found_row))


def _without_reason(row: CsvRow) -> CsvRow:
    return replace(row, text=_FIRST_CELL.sub("", row.text, count=1), cells=row.cells[1:])


def _as_it_is(row: CsvRow) -> CsvRow:
    return row


def _values(names: list[str], row: CsvRow) -> tuple[Mapping[str, str], str]:
    if not row.defect and len(row.cells) == len(names):
        return dict(zip(names, row.cells, strict=True)), ""
    defect = row.defect or f"{len(row.cells)} cells under {len(names)} columns"
    # A cell too many or too few moves all behind it: the id is sure only in front of them.
    is_sure = names[0] == "order_id" and bool(row.cells) and row.cells[0] != ""
    return ({"order_id": row.cells[0]} if is_sure else {}), defect


def _order_key(row: Row) -> UUID | None:
    """Return the order's id, which is the same for all spellings of one UUID."""
    order_id = row.values.get("order_id")
    return stable_id("order", order_id) if order_id else None


def _check_header(header: CsvRow) -> None:
    names = header.cells
    missing = [name for name in REQUIRED if name not in names]
    known = (*REQUIRED, *OPTIONAL, *IGNORED, REASON)
    unknown = [" ".join(name.split()) for name in names if name not in known]
    once = [name for name in names if name != REASON]
    problems = [
        header.defect,
        f"missing columns: {', '.join(missing)}" if missing else "",
        f"unknown columns: {', '.join(unknown)}" if unknown else "",
        "" if len(set(once)) == len(once) else "a column stands there twice",
    ]
    if any(problems):
        raise UnreadableFile(f"wrong header: {'; '.join(filter(None, problems))}")


def stable_id(kind: str, text: str) -> UUID:
    """Return the text as an id: itself if it is a UUID, else the UUIDv5 of its NFC form."""
    try:
        return grammar.uuid(text)
    except ValueError:
        return uuid5(NAMESPACES[kind], nfc(text))
