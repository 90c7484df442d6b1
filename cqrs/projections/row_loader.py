"""Load the rows that a batch touches, with one statement per table."""

from collections.abc import Collection, Iterable
from functools import cached_property

import orjson

from cqrs.database.cursors import array
from cqrs.database.statements import Statement
from cqrs.projections.columns import Columns
from cqrs.projections.rows import Row, Rows


class RowLoader:
    """Makes statements that load rows: the key, the state as JSON, and the position.

    The state is the document, or without one an object of the columns.
    """

    def __init__(self, table: str, columns: Columns) -> None:
        self.table = table
        self.columns = columns

    def by_key(self, keys: Collection[str]) -> Statement:
        """Return the statement that loads the rows with these primary keys."""
        key = self.columns.key
        kind = self.columns.types[key]
        return f"{self._select} WHERE {key} = ANY(%s::{kind}[])", [array(keys)]

    def where(self, condition: str, *parameters: str | int) -> Statement:
        """Return the statement that loads the rows that match a condition in SQL."""
        return f"{self._select} {condition}", parameters

    @cached_property
    def _select(self) -> str:
        names = self.columns.names
        pairs = ", ".join(f"'{name}', {name}" for name in names if name != "position")
        state = "document::text" if "document" in names else f"json_build_object({pairs})::text"
        return f"SELECT {self.columns.key}::text, {state}, position FROM {self.table}"  # noqa: S608


def loaded_rows(found: Iterable[tuple[str, str, int]]) -> Rows:
    """Return the rows by key."""
    return {key: Row(orjson.loads(text), at, is_stored=True) for key, text, at in found}
