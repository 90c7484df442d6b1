"""Compare two copies of a read table in chunks, in one snapshot of the database.

The server counts and hashes a chunk's rows on both sides. The rows themselves are read only where
the sums differ, so equal tables of any size cost two scans and the memory of a chunk.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from cqrs.consumers.partitions import PartitionCheckpoint
from cqrs.event_log.events import bucket_of
from cqrs.messaging.redaction import redacted_pair
from cqrs.projections.table import SearchTable, Table

CHUNK = 5_000
CHANGED, MISSING, INVENTED = "changed", "missing", "invented"


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not the same in the table and in a fold of the log.

    `changed`: both have the row, and `columns` names what differs. `missing`: only the fold has it.
    `invented`: only the table has it. Its text has no texts of the values, which can be personal.
    """

    table: str
    key: str
    kind: str
    columns: dict[str, tuple[str | None, str | None]]

    def __str__(self) -> str:
        pairs = {name: redacted_pair(*values) for name, values in self.columns.items()}
        details = ", ".join(
            f"{name} stored {stored}, logged {logged}" for name, (stored, logged) in pairs.items()
        )
        return f"{self.table} {self.key}: {self.kind}" + (f": {details}" if details else "")


@dataclass(slots=True)
class Totals:
    """The number of rows and the checksum of their content, of one table on both sides."""

    table: str
    stored: list[Any] = field(default_factory=lambda: [0, 0])
    logged: list[Any] = field(default_factory=lambda: [0, 0])


class Comparison:
    """Compares `stored_schema.table` with `logged_schema.table`, through a cursor on a snapshot.

    With a `checkpoint`, only the rows of its partition.
    """

    def __init__(
        self,
        table: Table | SearchTable,
        stored_schema: str,
        logged_schema: str,
        checkpoint: PartitionCheckpoint | None = None,
    ) -> None:
        self.table = table
        self.checkpoint = checkpoint if table.partition_key else None
        self.sides = [f"{schema}.{table.name}" for schema in (stored_schema, logged_schema)]
        self.key, *self.columns = table.columns.names
        self.totals = Totals(table.name)

    def differences(
        self, cursor: CursorWrapper, on_chunk: Callable[[int], None]
    ) -> Iterator[Difference]:
        """Yield the rows that differ, in the order of their keys."""
        after = None
        while (upto := self._end_of_chunk(cursor, after)) is not None:
            chunk = self._range(after), {"after": after, "upto": upto}
            if self._sums_differ(cursor, *chunk):
                yield from self._differences(cursor, *chunk)
            after = upto
            on_chunk(CHUNK)

    def _end_of_chunk(self, cursor: CursorWrapper, after: Any) -> Any:
        one = "(SELECT {key} FROM {side} {where} ORDER BY {key} LIMIT {chunk})"
        where = "" if after is None else f"WHERE {self.key} > %(after)s"
        both = " UNION ALL ".join(
            one.format(key=self.key, side=side, where=where, chunk=CHUNK) for side in self.sides
        )
        cursor.execute(
            f"SELECT {self.key} FROM (SELECT {self.key} FROM ({both}) AS both_sides"  # noqa: S608
            f" ORDER BY 1 LIMIT {CHUNK}) AS chunk ORDER BY 1 DESC LIMIT 1",
            {"after": after},
        )
        row = cursor.fetchone()
        return None if row is None else row[0]

    def _range(self, after: Any) -> str:
        lower = "" if after is None else f"{self.key} > %(after)s AND "
        return f"{lower}{self.key} <= %(upto)s"

    def _sums_differ(self, cursor: CursorWrapper, where: str, parameters: dict[str, Any]) -> bool:
        found = []
        names = ", ".join([self.key, *self.columns])
        for side, totals in zip(self.sides, (self.totals.stored, self.totals.logged), strict=True):
            cursor.execute(
                f"SELECT count(*), coalesce(sum(hashtextextended(ROW({names})::text, 0)), 0)"  # noqa: S608
                f" FROM {side} WHERE {where}",
                parameters,
            )
            found.append(cursor.fetchone())
            totals[0] += found[-1][0]
            totals[1] += found[-1][1]
        return bool(found[0] != found[1])

    def _differences(
        self, cursor: CursorWrapper, where: str, parameters: dict[str, Any]
    ) -> Iterator[Difference]:
        row = {s: ", ".join(f"{s}.{name}" for name in self.columns) for s in ("stored", "logged")}
        texts = {s: ", ".join(f"{s}.{name}::text" for name in self.columns) for s in row}
        owner = self.table.partition_key or self.key
        stored, logged = (f"(SELECT * FROM {side} WHERE {where})" for side in self.sides)  # noqa: S608
        cursor.execute(
            f"SELECT coalesce(stored.{self.key}, logged.{self.key})::text,"  # noqa: S608
            f" coalesce(stored.{owner}, logged.{owner})::text,"
            f" CASE WHEN stored.{self.key} IS NULL THEN '{MISSING}'"
            f" WHEN logged.{self.key} IS NULL THEN '{INVENTED}' ELSE '{CHANGED}' END,"
            f" CASE WHEN stored.{self.key} = logged.{self.key}"
            f" THEN ARRAY[ARRAY[{texts['stored']}], ARRAY[{texts['logged']}]] END"
            f" FROM {stored} AS stored FULL JOIN {logged} AS logged"
            f" ON stored.{self.key} = logged.{self.key}"
            f" WHERE ROW({row['stored']}) IS DISTINCT FROM ROW({row['logged']}) ORDER BY 1",
            parameters,
        )
        for key, owned_by, kind, values in cursor.fetchall():
            pairs = zip(
                self.columns, zip(*values or ((), ()), strict=True), strict=values is not None
            )
            columns = {name: pair for name, pair in pairs if pair[0] != pair[1]}
            if self.checkpoint is None or self.checkpoint.owns(bucket_of(UUID(owned_by))):
                yield Difference(self.table.name, key, kind, columns)
