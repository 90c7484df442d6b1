"""Loading the rows that a batch touches, with one statement per table."""

from collections.abc import Collection
from functools import cached_property

import orjson

from cqrs.database.cursors import array, server_cursor
from cqrs.projections.columns import Columns
from cqrs.projections.rows import Row


class RowLoader:
    """Loads rows as their state: the stored document, or an object of the columns without one."""

    def __init__(self, table: str, columns: Columns) -> None:
        self.table = table
        self.columns = columns

    def by_key(self, keys: Collection[str]) -> dict[str, Row]:
        """Return the rows with these primary keys, by key."""
        if not keys:
            return {}
        key = self.columns.key
        return self.where(f"WHERE {key} = ANY(%s::{self.columns.types[key]}[])", array(keys))

    def where(self, condition: str, *parameters: str | int) -> dict[str, Row]:
        """Return the rows that fulfil a condition in SQL, by key."""
        with server_cursor() as cursor:
            cursor.execute(f"{self._select} {condition}", parameters)
            return {key: Row(orjson.loads(text), at) for key, text, at in cursor.fetchall()}

    @cached_property
    def _select(self) -> str:
        names = self.columns.names
        pairs = ", ".join(f"'{name}', {name}" for name in names if name != "position")
        state = "document" if "document" in names else f"json_build_object({pairs})::text"
        return f"SELECT {self.columns.key}::text, {state}, position FROM {self.table}"  # noqa: S608
