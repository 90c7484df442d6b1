"""Write the rows that a batch has changed, with one statement per table.

It is plain SQL with arrays, because the ORM's `bulk_create` has half the speed.
"""

from collections.abc import Collection, Sequence
from functools import cached_property

from cqrs.database.cursors import array
from cqrs.database.statements import Statement
from cqrs.projections.columns import Columns
from cqrs.projections.rows import Row, Rows

NEWER = " WHERE stored.position <= EXCLUDED.position AND stored.version <= EXCLUDED.version"


class RowWriter:
    """Makes upserts and deletes; with `only_newer`, a stored row that is newer stays."""

    def __init__(self, table: str, columns: Columns, *, only_newer: bool) -> None:
        self.table = table
        self.columns = columns
        self.guard = NEWER if only_newer else ""

    def upsert(self, rows: Rows) -> Statement:
        """Return the upsert, in the order of the keys, so that two writers cannot deadlock."""
        ordered = [rows[key] for key in sorted(rows)]
        return self._upsert, [self._parameter(name, ordered) for name in self.columns.names]

    def delete(self, keys: Collection[str]) -> Statement:
        """Return the deletion of the rows with these keys."""
        key = self.columns.key
        kind = self.columns.types[key]
        return f"DELETE FROM {self.table} WHERE {key} = ANY(%s::{kind}[])", [array(sorted(keys))]  # noqa: S608

    def _parameter(self, name: str, rows: Sequence[Row]) -> str:
        values = self.columns.values(name, rows)
        return "\n".join(values) if name == "document" else array(values)

    @cached_property
    def _upsert(self) -> str:
        names = self.columns.names
        # JSON has no line breaks, and splitting a text at them is faster than parsing an array.
        arrays = ", ".join(
            "string_to_array(%s, chr(10))" if name == "document" else f"%s::{kind}[]"
            for name, kind in self.columns.types.items()
        )
        changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in names[1:])
        return (
            f"INSERT INTO {self.table} AS stored ({', '.join(names)})"  # noqa: S608
            f" SELECT * FROM unnest({arrays}) ON CONFLICT ({names[0]}) DO UPDATE SET {changes}"
            f"{self.guard}"
        )
