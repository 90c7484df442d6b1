"""The file of rejected rows: each as it stands in the imported file, behind the reason.

It can be imported again. The reason comes first, because it would be read as another column's cell
behind a row with a cell too few, and as a part of the text behind a quote that is not closed.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import IO, Self

from orders.order_csv import REASON, RawOrder


class RejectedFile:
    """Exists only when there is something in it; that of an earlier run is removed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stack = ExitStack()
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, header: str, order: RawOrder, reason: str) -> None:
        """Add all rows of an order, each with its line in the imported file."""
        if self._file is None:
            opened = self.path.open("w", newline="", encoding="utf-8")
            self._file = self._stack.enter_context(opened)
            self._file.write(f"{REASON},{_ended(header)}")
        for row in order.rows:
            self._file.write(f"{_cell(f'line {row.line}: {reason}')},{_ended(row.text)}")


def _cell(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""'))


def _ended(line: str) -> str:
    return line if line.endswith(("\n", "\r")) else f"{line}\r\n"
