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

    def page(self, offset: int, size: int) -> tuple[list[str], int | None]:
        rows = self._sorted(backward=False).values_list("document", flat=True)
        documents = list(rows[offset : offset + size + 1])
        follows = len(documents) > size
        return documents[:size], capped_count(self.found) if follows else None

    def beyond(self, cursor: Cursor, limit: int) -> list[tuple[str, Any, Any]]:
        rows, model = self._sorted(cursor.backward), self.found.model
        if cursor.key is not None:
            rows = rows.filter(beyond(model, self.ordering, *cursor.key, cursor.backward))
        return list(rows.values_list("document", column_of(self.ordering), "pk")[:limit])

    def _sorted(self, backward: bool) -> QuerySet[Any]:
        return self.found.order_by(*sorted_by(self.found.model, self.ordering, backward))
