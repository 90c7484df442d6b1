"""The read tables of a projection, and the search texts beside them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from django.db import models

from cqrs.projections.columns import Columns
from cqrs.projections.read_models import SearchText
from cqrs.projections.row_loader import RowLoader
from cqrs.projections.row_writer import RowWriter
from cqrs.projections.rows import Row, RowState


class SearchTable:
    """The texts that a search looks into: one for each row of a read model, made of its state.

    A text is written when it changes, and only then: its index is the most expensive to write. No
    version guards it, because a writer of the text has the row itself.
    """

    def __init__(
        self,
        model: type[SearchText],
        text: Callable[[RowState], str],
        partition_key: str = "id",
        **computed: Callable[[RowState], Any],
    ) -> None:
        self.model = model
        self.text = text
        self.partition_key = partition_key
        self.name = model._meta.db_table
        self.columns = Columns(model, {"search_text": text, **computed})
        self._writer = RowWriter(self.name, self.columns, only_newer=False)

    def remember(self, rows: Iterable[Row]) -> None:
        """Keep on each loaded row the text that is stored of it, before events change its state."""
        for row in rows:
            row.stored_text = self.text(row.state)

    def upsert(self, rows: Mapping[str, Row]) -> None:
        """Write the texts that are not as they are stored."""
        self._writer.upsert(
            {key: row for key, row in rows.items() if row.stored_text != self.text(row.state)}
        )


class Table:
    """Loads and writes the rows of one read model, with their search texts if it has any.

    `partition_key` is the column that says which partition a row belongs to; None where rows gather
    what happens in all of them. `computed` makes columns of the state (`Columns` has the rule).
    """

    def __init__(
        self,
        model: type[models.Model],
        partition_key: str | None = None,
        search: SearchTable | None = None,
        **computed: Callable[[RowState], Any],
    ) -> None:
        self.model = model
        self.partition_key = partition_key
        self.search = search
        self.name = model._meta.db_table
        self.columns = Columns(model, computed)
        self._loader = RowLoader(self.name, self.columns)
        self._writer = RowWriter(self.name, self.columns, only_newer=True)

    def load(self, keys: Collection[str]) -> dict[str, Row]:
        """Return the rows with these primary keys, by key."""
        return self._with_texts(self._loader.by_key(keys))

    def select(self, condition: str, *parameters: str | int) -> dict[str, Row]:
        """Return the rows that fulfil a condition in SQL, by key."""
        return self._with_texts(self._loader.where(condition, *parameters))

    def upsert(self, rows: Mapping[str, Row]) -> None:
        """Write the rows and their search texts; newer stored rows stay as they are."""
        self._writer.upsert(rows)
        if self.search is not None:
            self.search.upsert(rows)

    def _with_texts(self, rows: dict[str, Row]) -> dict[str, Row]:
        if self.search is not None:
            self.search.remember(rows.values())
        return rows
