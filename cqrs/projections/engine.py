"""How projections work by the batch: load the touched rows, fold in memory, write once.

That is two statements per table, however many events the batch holds. A row is folded as a
document; the columns are read off it when it is written. Plain SQL, because the ORM's
`bulk_create` writes at half the speed.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
from django.db import connections, models

from cqrs.conf import conf
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.database.cursors import array, server_cursor
from cqrs.event_log.events import RecordedEvent

RowState = dict[str, Any]
Handler = Callable[[RowState | None, RecordedEvent], RowState]
"""Takes a row's document, None where there is no row, and returns it with the event in it."""


class MissingRow(LookupError):
    """An event changes a row that no earlier event made: the log or a projection has a hole."""

    def __init__(self, event: RecordedEvent) -> None:
        super().__init__(f"{event.type} at position {event.position} finds no row")


@dataclass(slots=True)
class Row:
    """A read row in memory, with the events up to `position` folded into it."""

    document: RowState
    position: int


class Table:
    """Loads and writes the rows of one read model.

    A column is the field of the same name in the row's document, unless `computed` makes it
    from the document. A model with a `document` column keeps the whole document there.
    `partition_key` is the column that says which partition a row belongs to; none where rows
    gather what happens in all of them.
    """

    guard = " WHERE stored.position <= EXCLUDED.position AND stored.version <= EXCLUDED.version"

    def __init__(
        self,
        model: type[models.Model],
        partition_key: str | None = None,
        **computed: Callable[[RowState], Any],
    ) -> None:
        self.model = model
        self.partition_key = partition_key
        self.name = model._meta.db_table
        self.computed = computed

    def load(self, keys: Collection[str]) -> dict[str, Row]:
        """Return the rows with these primary keys, by key."""
        key, kind = self.columns[0]
        return self.select(f"WHERE {key} = ANY(%s::{kind}[])", array(keys)) if keys else {}

    def select(self, condition: str, *parameters: str | int) -> dict[str, Row]:
        """Return the rows that fulfil a condition in SQL, by key."""
        with server_cursor() as cursor:
            cursor.execute(f"{self._select} {condition}", parameters)
            return {key: Row(orjson.loads(text), at) for key, text, at in cursor.fetchall()}

    def upsert(self, rows: Mapping[str, Row]) -> None:
        """Write the rows in the order of their keys, so that two writers cannot deadlock.

        A row that is stored at a later position or version stays as it is.
        """
        if not rows:
            return
        ordered = [rows[key] for key in sorted(rows)]
        with server_cursor() as cursor:
            cursor.execute(
                self._upsert, [self._parameter(name, ordered) for name, _ in self.columns]
            )

    def _parameter(self, name: str, rows: Sequence[Row]) -> str:
        if name == "document":
            return "\n".join([orjson.dumps(row.document).decode() for row in rows])
        if name == "position":
            return array([row.position for row in rows])
        if compute := self.computed.get(name):
            return array([compute(row.document) for row in rows])
        return array([row.document[name] for row in rows])

    @cached_property
    def columns(self) -> list[tuple[str, str]]:
        """Return the columns with their types, the primary key first.

        The types go without lengths: a cast to `varchar(20)` cuts off what does not fit.
        """
        connection = connections[PROJECTION_ALIAS]
        fields = sorted(self.model._meta.concrete_fields, key=lambda field: not field.primary_key)
        return [
            (str(field.column), str(field.db_type(connection)).split("(")[0]) for field in fields
        ]

    @cached_property
    def _select(self) -> str:
        names = [name for name, _ in self.columns]
        pairs = ", ".join(f"'{name}', {name}" for name in names if name != "position")
        document = "document" if "document" in names else f"json_build_object({pairs})::text"
        return f"SELECT {names[0]}::text, {document}, position FROM {self.name}"  # noqa: S608

    @cached_property
    def _upsert(self) -> str:
        names = [name for name, _ in self.columns]
        # JSON has no line breaks of its own, and splitting at them beats parsing an array.
        arrays = ", ".join(
            "string_to_array(%s, chr(10))" if name == "document" else f"%s::{kind}[]"
            for name, kind in self.columns
        )
        changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in names[1:])
        return (
            f"INSERT INTO {self.name} AS stored ({', '.join(names)})"  # noqa: S608
            f" SELECT * FROM unnest({arrays}) ON CONFLICT ({names[0]}) DO UPDATE SET {changes}"
            f"{self.guard}"
        )


class Projection(ABC):
    """A consumer that writes read models, and nothing else. A released `version` has one fold."""

    name: str
    version: int
    home_of: str | None = None
    """The stream type whose aggregates are the rows of the first table, with their versions."""

    @property
    @abstractmethod
    def types(self) -> Collection[str]:
        """Return the wire names of the events that it wants."""

    @property
    @abstractmethod
    def tables(self) -> Sequence[Table]:
        """Return all its tables; it reads and writes no other."""

    @abstractmethod
    def apply(self, events: Sequence[RecordedEvent]) -> None:
        """Write the effects of the events, which come in feed order."""

    @property
    def is_divisible(self) -> bool:
        """Say whether each row is made of the events of one partition key alone."""
        return all(table.partition_key for table in self.tables)

    @cached_property
    def partitions(self) -> int:
        # Folding a row in two partitions at once would lose what one of them adds.
        return conf().PARTITIONS if self.is_divisible else 1


def keys_of(events: Iterable[RecordedEvent], types: Collection[str], key: str) -> list[str]:
    """Return the rows that events of these types touch, each once."""
    return list({event.data[key]: None for event in events if event.type in types})


def fold(
    events: Iterable[RecordedEvent], handles: Mapping[str, Handler], key: str, rows: dict[str, Row]
) -> dict[str, Row]:
    """Fold the events that have a handler into the rows, in their order; return what changed.

    `key` is the field of the event that names the row. An event that a row has seen is passed
    over, so that applying a batch again changes nothing; a late one never was seen.
    """
    changed: dict[str, Row] = {}
    for event in events:
        handler = handles.get(event.type)
        if handler is None:
            continue
        row_key = event.data[key]
        row = rows.get(row_key)
        if row is None:
            row = rows[row_key] = Row(handler(None, event), event.position)
        elif event.position > row.position or event.late:
            row.document = handler(row.document, event)
            row.position = max(row.position, event.position)
        else:
            continue
        changed[row_key] = row
    return changed
