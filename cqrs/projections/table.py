"""The declaration of a projection's read tables, and of the tables of their search texts."""

from collections.abc import Callable, Collection
from typing import Any

from django.db import models

from cqrs.projections.columns import Columns
from cqrs.projections.read_models import SearchText
from cqrs.projections.row_loader import RowLoader
from cqrs.projections.row_writer import RowWriter
from cqrs.projections.rows import RowState


class _AnyTable:
    """A table's columns, with its loader and writer in each schema."""

    only_newer: bool

    def __init__(self, model: type[models.Model], columns: Columns) -> None:
        self.model = model
        self.name = model._meta.db_table
        self.columns = columns
        self._loaders: dict[str, RowLoader] = {}
        self._writers: dict[str, RowWriter] = {}

    def loader(self, schema: str) -> RowLoader:
        if schema not in self._loaders:
            self._loaders[schema] = RowLoader(f"{schema}.{self.name}", self.columns)
        return self._loaders[schema]

    def writer(self, schema: str) -> RowWriter:
        if schema not in self._writers:
            self._writers[schema] = RowWriter(
                f"{schema}.{self.name}", self.columns, only_newer=self.only_newer
            )
        return self._writers[schema]


class SearchTable(_AnyTable):
    """The texts that searches match: one per row of a read model, computed from its state.

    A text is written only when it changes, because its index is the most expensive to write. It
    needs no version, because its writer has the row itself.
    """

    only_newer = False

    def __init__(
        self,
        model: type[SearchText],
        text: Callable[[RowState], str],
        partition_key: str = "id",
        **computed: Callable[[RowState], Any],
    ) -> None:
        super().__init__(model, Columns(model, {"search_text": text, **computed}))
        self.text = text
        self.partition_key = partition_key


class Table(_AnyTable):
    """One read model, with the table of its search texts if it has one.

    `partition_key` is the column that decides the partition of a row; None where events of all
    partitions change one row. A handler may delete rows of a `deletable` table. `without` names
    columns that only other versions of the projection write: they are nullable. `computed` are
    functions of the state, by column (see `Columns`).
    """

    only_newer = True

    def __init__(
        self,
        model: type[models.Model],
        partition_key: str | None = None,
        search: SearchTable | None = None,
        *,
        deletable: bool = False,
        without: Collection[str] = (),
        **computed: Callable[[RowState], Any],
    ) -> None:
        super().__init__(model, Columns(model, computed, without))
        self.partition_key = partition_key
        self.search = search
        self.deletable = deletable
