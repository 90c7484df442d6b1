"""Rows found by the ORM: every filter, every ordering."""

from dataclasses import dataclass
from typing import Any

from cqrs.queries.cursors import Cursor
from cqrs.queries.orderings import beyond, column_of, sorted_by
from cqrs.queries.specifications import ReadModelQuerySet


@dataclass(frozen=True, slots=True)
class OrmRows:
    """The rows of a queryset in an ordering."""

    found: ReadModelQuerySet
    ordering: str

    def at(self, offset: int, limit: int) -> list[str]:
        rows = self.found.order_by(*sorted_by(self.ordering)).values_list("document", flat=True)
        return list(rows[offset : offset + limit])

    def beyond(self, cursor: Cursor, limit: int) -> list[tuple[str, Any, Any]]:
        found = self.found.order_by(*sorted_by(self.ordering, cursor.backward))
        if cursor.key is not None:
            found = found.filter(beyond(self.ordering, *cursor.key, cursor.backward))
        return list(found.values_list("document", column_of(self.ordering), "id")[:limit])

    def capped_count(self) -> int:
        return self.found.capped_count()
