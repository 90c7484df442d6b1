"""A copy of a book, and the reminders that readers get."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from django.db import models

from cqrs.event_log.aggregates import Aggregate
from cqrs.messaging.messages import AggregateState
from cqrs.messaging.results import reject
from lending.events import BookAcquired, BookLent


class Copy(Aggregate):
    """One copy on the shelf or with a reader. Readers do not bring books back in this library."""

    stream_type: ClassVar[str] = "copy"

    id = models.UUIDField(primary_key=True)
    title = models.CharField(max_length=200)
    reader = models.CharField(max_length=200, blank=True)

    class Meta:
        default_permissions = ()
        permissions: ClassVar = [
            ("acquire_book", "Can acquire books"),
            ("lend_book", "Can lend books"),
        ]

    def __str__(self) -> str:
        return self.title

    @classmethod
    def acquire(cls, copy_id: UUID, title: str) -> tuple["Copy", BookAcquired]:
        """Store a new copy at version 1."""
        copy = cls(id=copy_id, title=title, version=1)
        copy.save(force_insert=True)
        return copy, BookAcquired(copy_id=copy_id, title=title)

    def lend(self, reader: str, due_date: date) -> BookLent:
        """Give the copy to a reader; refuses with `already_lent`."""
        if self.reader:
            reject("already_lent", f"Copy {self.id} is lent")
        self.reader = reader
        self.version += 1
        self.save()
        return BookLent(copy_id=self.id, reader=reader, due_date=due_date)

    def state(self) -> "CopyState":
        return CopyState(id=self.id, title=self.title, reader=self.reader, version=self.version)


class CopyState(AggregateState):
    stream_type: ClassVar[str] = Copy.stream_type

    id: UUID
    title: str
    reader: str


class Reminder(models.Model):
    """What a reader is reminded of, at the day when the book is due."""

    copy_id = models.UUIDField(primary_key=True)
    reader = models.CharField(max_length=200)
    due_date = models.DateField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.reader}: {self.due_date}"
