"""Everything that happens to a copy."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from cqrs.event_log.events import Event


class CopyEvent(Event):
    """The fields of every event of a copy."""

    stream_type: ClassVar[str] = "copy"

    copy_id: UUID


class BookAcquired(CopyEvent):
    wire_name: ClassVar[str] = "lending.book_acquired"

    title: str


class BookLent(CopyEvent):
    wire_name: ClassVar[str] = "lending.book_lent"
    personal: ClassVar[frozenset[str]] = frozenset({"reader"})

    reader: str
    due_date: date


EVENTS = (BookAcquired, BookLent)
