"""The latest orders as fixed SQL texts, which the server prepares once: the hottest list."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cqrs.queries.compiled import fetch
from cqrs.queries.cursors import Cursor
from cqrs.queries.specifications import COUNT_CAP
from readmodels.models import OrderReadModel


@dataclass(frozen=True, slots=True)
class LatestOrders:
    """Orders, the latest first: all, or of one customer, or in one status, or both."""

    customer_id: UUID | None = None
    status: str | None = None

    def at(self, offset: int, limit: int) -> list[str]:
        # The limit is part of the text: for a parameter the server plans to read a tenth of the
        # table. So an offset of 0 is left out of it.
        skip, offsets = (" OFFSET %s", [offset]) if offset else ("", [])
        where, values = self._where()
        text = f"SELECT document FROM {_TABLE}{where} {_LATEST} LIMIT {limit}{skip}"  # noqa: S608
        return [document for (document,) in fetch(text, *values, *offsets)]

    def beyond(self, cursor: Cursor, limit: int) -> list[tuple[str, datetime, UUID]]:
        where, values = self._where(cursor)
        order = _EARLIEST if cursor.backward else _LATEST
        columns = "document, order_date, id"
        text = f"SELECT {columns} FROM {_TABLE}{where} {order} LIMIT {limit}"  # noqa: S608
        return fetch(text, *values)

    def capped_count(self) -> int:
        where, values = self._where()
        some = f"SELECT 1 FROM {_TABLE}{where} LIMIT {COUNT_CAP + 1}"  # noqa: S608
        return int(fetch(f"SELECT count(*) FROM ({some}) AS found", *values)[0][0])  # noqa: S608

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


_TABLE = OrderReadModel._meta.db_table
_LATEST = "ORDER BY order_date DESC, id DESC"
_EARLIEST = "ORDER BY order_date, id"
