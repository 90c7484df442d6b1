"""The catalog: one row per copy."""

from lending.events import BookAcquired, BookLent

from catalog.models import Book
from cqrs.event_log.events import RecordedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.rows import MissingRow, RowState
from cqrs.projections.table import Table


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


class Catalog(Projection):
    """Writes `library_catalog`. Readers' names stay on the write side."""

    name = "library_catalog"
    version = 1
    home_of = "copy"
    table = Table(Book, partition_key="id")
    key = "copy_id"
    handlers = {BookAcquired.wire_name: acquired, BookLent.wire_name: lent}


PROJECTIONS = (Catalog(),)
