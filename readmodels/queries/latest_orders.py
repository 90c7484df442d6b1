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

    def page(self, offset: int, size: int) -> tuple[list[str], int | None]:
        """Read both in one statement: it counts when it meets the row that follows the page."""
        # The limit is part of the text: for a parameter the server plans to read a tenth of the
        # table. So an offset of 0 is left out of it.
        skip, offsets = (" OFFSET %s", [offset]) if offset else ("", [])
        where, values = self._where()
        some = f"SELECT 1 FROM {_TABLE}{where} LIMIT {COUNT_CAP + 1}"  # noqa: S608
        page = f"SELECT document, order_date, id FROM {_TABLE}{where}"  # noqa: S608
        text = (
            f"SELECT document, CASE WHEN row_number() OVER ({_LATEST}) > {size}"  # noqa: S608
            f" THEN (SELECT count(*) FROM ({some}) AS counted) END"
            f" FROM ({page} {_LATEST} LIMIT {size + 1}{skip}) AS page {_LATEST}"
        )
        rows = fetch(text, *values, *values, *offsets)
        number = rows[size][1] if len(rows) > size else None
        return [document for document, _ in rows[:size]], number

    def beyond(self, cursor: Cursor, limit: int) -> list[tuple[str, datetime, UUID]]:
        where, values = self._where(cursor)
        order = _EARLIEST if cursor.backward else _LATEST
        columns = "document, order_date, id"
        text = f"SELECT {columns} FROM {_TABLE}{where} {order} LIMIT {limit}"  # noqa: S608
        return fetch(text, *values)

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
