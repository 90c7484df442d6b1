"""Rows found by the ORM: every filter, every ordering."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from cqrs.queries.cursors import Cursor
from cqrs.queries.orderings import beyond, column_of, sorted_by
from cqrs.queries.specifications import capped_count


@dataclass(frozen=True, slots=True)
class OrmRows:
    """The rows of a queryset in an ordering."""

    found: QuerySet[Any]
    ordering: str

    def at(self, offset: int, limit: int) -> list[str]:
        rows = self._sorted(backward=False).values_list("document", flat=True)
        return list(rows[offset : offset + limit])

    def beyond(self, cursor: Cursor, limit: int) -> list[tuple[str, Any, Any]]:
        rows, model = self._sorted(cursor.backward), self.found.model
        if cursor.key is not None:
            rows = rows.filter(beyond(model, self.ordering, *cursor.key, cursor.backward))
        return list(rows.values_list("document", column_of(self.ordering), "pk")[:limit])

    def capped_count(self) -> int:
        return capped_count(self.found)

    def _sorted(self, backward: bool) -> QuerySet[Any]:
        return self.found.order_by(*sorted_by(self.found.model, self.ordering, backward))
