"""Split a CSV file into rows, each with its line number and its text as it stands in the file.

A row that is no CSV is one line: reading goes on in the next line, so that a quote that is never
closed costs one row and not the rest of the file.
"""

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_CELL = csv.field_size_limit()  # characters


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row. `line` is its first line in the file, from 1; `defect` says why it is no CSV."""

    line: int
    text: str
    cells: list[str]
    defect: str = ""

    @property
    def is_empty(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


class RowReader:
    """Yields the rows of the lines of a file."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()

    def __iter__(self) -> Iterator[CsvRow]:
        line = 1
        while lines := self._next(line):
            row, count = lines
            yield row
            line += count

    def _next(self, line: int) -> tuple[CsvRow, int] | None:
        taken: list[str] = []
        try:
            cells = next(csv.reader(self._take(taken), strict=True), None)
        except csv.Error as error:
            self._again.extendleft(reversed(taken[1:]))
            return CsvRow(line, taken[0], _guessed(taken[0]), f"not CSV: {error}"), 1
        return None if cells is None else (CsvRow(line, "".join(taken), cells), len(taken))

    def _take(self, taken: list[str]) -> Iterator[str]:
        while True:
            line = self._again.popleft() if self._again else next(self._lines, None)
            if line is None:
                return
            taken.append(line)
            yield line


def _guessed(line: str) -> list[str]:
    """Return the cells as a lenient reader finds them: the first ones are often right."""
    return next(csv.reader([line[:MAX_CELL]]), [])
