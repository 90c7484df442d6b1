"""The catalog: one row per copy."""

from collections.abc import Sequence

from lending.events import BookAcquired, BookLent

from catalog.models import Book
from cqrs.event_log.events import RecordedEvent
from cqrs.projections.engine import MissingRow, Projection, RowState, Table, fold, keys_of


def acquired(_: RowState | None, event: RecordedEvent) -> RowState:
    return {
        "id": event.data["copy_id"],
        "title": event.data["title"],
        "is_lent": False,
        "due_date": None,
        "version": event.version,
    }


def lent(book: RowState | None, event: RecordedEvent) -> RowState:
    if book is None:
        raise MissingRow(event)
    due_date = event.data["due_date"]
    return {**book, "is_lent": True, "due_date": due_date, "version": event.version}


HANDLES = {BookAcquired.wire_name: acquired, BookLent.wire_name: lent}
BOOKS = Table(Book, partition_key="id")


class Catalog(Projection):
    """Writes `library_catalog`. Readers' names stay on the write side."""

    name = "library_catalog"
    version = 1
    home_of = "copy"
    types = HANDLES
    tables = (BOOKS,)

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        """Fold the batch into the copies it touches."""
        books = BOOKS.load(keys_of(events, HANDLES, "copy_id"))
        BOOKS.upsert(fold(events, HANDLES, "copy_id", books))


PROJECTIONS = (Catalog(),)
