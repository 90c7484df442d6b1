"""Read and write the rows of a projection's tables: the serving ones, or those of a copy."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.database.statements import Selected, Statement, execute
from cqrs.projections.row_loader import loaded_rows
from cqrs.projections.rows import Rows
from cqrs.projections.table import Table
from cqrs.projections.tombstones import Tombstones, deleted_rows

SERVING_SCHEMA = "public"

RowsByTable = Mapping[Table, Rows]


class NotDeletable(TypeError):
    """A handler has deleted a row of a table that is not declared `deletable`."""

    def __init__(self, table: Table) -> None:
        super().__init__(f"A handler returned None: declare {table.name} as deletable=True")


@dataclass(frozen=True, slots=True)
class Store:
    """The tables of one consumer: those in `schema`, and the tombstones under its name."""

    consumer: str
    schema: str = SERVING_SCHEMA

    def loads(self, table: Table, keys: Collection[str]) -> list[Statement]:
        """Return the statements that load the rows with these keys, for `loaded`."""
        if not keys:
            return []
        found = [table.loader(self.schema).by_key(keys)]
        return [*found, Tombstones(self.consumer, table).by_key(keys)] if table.deletable else found

    def select(self, table: Table, condition: str, *parameters: str | int) -> Rows:
        """Return the rows that match a condition in SQL, by key."""
        statement = table.loader(self.schema).where(condition, *parameters)
        return loaded(table, Selected(PROJECTION_ALIAS, [statement]).rows())

    def write(self, changed: RowsByTable) -> None:
        """Write the rows and their search texts; stored rows that are newer stay."""
        execute(PROJECTION_ALIAS, self.statements(changed))

    def statements(self, changed: RowsByTable) -> list[Statement]:
        """Return the statements that write the rows."""
        found: list[Statement] = []
        for table, rows in changed.items():
            found += self._upserts(table, {k: row for k, row in rows.items() if not row.is_deleted})
            if gone := {k: row for k, row in rows.items() if row.is_deleted}:
                found += self._deletes(table, gone)
        return found

    def _upserts(self, table: Table, rows: Rows) -> list[Statement]:
        if not rows:
            return []
        found = [table.writer(self.schema).upsert(rows)]
        if (search := table.search) is not None:
            texts = {k: row for k, row in rows.items() if row.stored_text != search.text(row.state)}
            found += [search.writer(self.schema).upsert(texts)] if texts else []
        if back := [key for key, row in rows.items() if row.stored_bucket is not None]:
            found.append(Tombstones(self.consumer, table).delete(back))
        return found

    def _deletes(self, table: Table, rows: Rows) -> list[Statement]:
        if not table.deletable:
            raise NotDeletable(table)
        tables = [table, table.search] if table.search else [table]
        found = [each.writer(self.schema).delete(rows) for each in tables]
        return [*found, Tombstones(self.consumer, table).insert(rows)]


def loaded(table: Table, results: Sequence[Sequence[Any]]) -> Rows:
    """Return the rows that the statements of `Store.loads` have found."""
    if not results:
        return {}
    rows = loaded_rows(results[0])
    if table.search is not None:
        for row in rows.values():
            row.stored_text = table.search.text(row.state)
    return rows | deleted_rows(results[1]) if len(results) > 1 else rows
