"""Everything that happens to a copy."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from cqrs.event_log.events import Event


class BookAcquired(Event):
    wire_name: ClassVar[str] = "lending.book_acquired"

    copy_id: UUID
    title: str


class BookLent(Event):
    wire_name: ClassVar[str] = "lending.book_lent"
    personal: ClassVar[frozenset[str]] = frozenset({"reader"})

    copy_id: UUID
    reader: str
    due_date: date


EVENTS = (BookAcquired, BookLent)
