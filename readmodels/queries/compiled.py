"""The hot queries as fixed texts, sent so that the server prepares them once.

Compiling a page costs the ORM more than PostgreSQL needs to answer it. What is built here answers
exactly what the general path would; a test compares them. Columns are named, because a table is
swapped by renaming when it is rebuilt, and `*` would then change under a prepared statement.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model

from cqrs.aliases import READ_ALIAS
from cqrs.results import Ok, Rejected, Result
from readmodels.queries.cursors import Cursor
from readmodels.queries.paging import Document
from readmodels.specifications import COUNT_CAP
from readmodels.sql import server_cursor


def one(model: type[Model], key: UUID, missing: str) -> Result[Document]:
    """Answer the row with this id, or refuse with `not_found`, saying what is missing."""
    table = model._meta.db_table
    rows = _fetch(f"SELECT document, version, position FROM {table} WHERE id = %s", key)  # noqa: S608
    return Ok(Document(*rows[0])) if rows else Rejected("not_found", missing)


@dataclass(frozen=True, slots=True)
class LatestOrders:
    """Orders, the latest first: all, or a customer's, or those in one status, or both."""

    customer_id: UUID | None = None
    status: str | None = None

    def at(self, offset: int, limit: int) -> list[str]:
        # The limit is part of the text: for an unknown one the server plans to read a tenth of
        # the table. So is an offset of none.
        skip, offsets = (" OFFSET %s", [offset]) if offset else ("", [])
        where, values = self._where()
        text = f"SELECT document FROM read_orders{where} {_LATEST} LIMIT {limit}{skip}"  # noqa: S608
        return [document for (document,) in _fetch(text, *values, *offsets)]

    def beyond(self, cursor: Cursor, limit: int) -> list[tuple[str, datetime, UUID]]:
        where, values = self._where(cursor)
        order = _EARLIEST if cursor.backward else _LATEST
        columns = "document, order_date, id"
        text = f"SELECT {columns} FROM read_orders{where} {order} LIMIT {limit}"  # noqa: S608
        return _fetch(text, *values)

    def capped_count(self) -> int:
        where, values = self._where()
        some = f"SELECT 1 FROM read_orders{where} LIMIT {COUNT_CAP + 1}"  # noqa: S608
        return int(_fetch(f"SELECT count(*) FROM ({some}) AS found", *values)[0][0])  # noqa: S608

    def _where(self, cursor: Cursor | None = None) -> tuple[str, list[Any]]:
        conditions: list[str] = []
        values: list[Any] = []
        if self.customer_id is not None:
            conditions.append("customer_id = %s")
            values.append(self.customer_id)
        if self.status is not None:
            conditions.append("status = %s")
            values.append(self.status)
        if cursor is not None and cursor.key is not None:
            conditions.append(f"(order_date, id) {'>' if cursor.backward else '<'} (%s, %s)")
            values += cursor.key
        return (" WHERE " + " AND ".join(conditions) if conditions else ""), values


_LATEST = "ORDER BY order_date DESC, id DESC"
_EARLIEST = "ORDER BY order_date, id"


def _fetch(text: str, *parameters: Any) -> list[Any]:
    with server_cursor(READ_ALIAS) as cursor:
        cursor.execute(text, parameters)
        return cursor.fetchall()
