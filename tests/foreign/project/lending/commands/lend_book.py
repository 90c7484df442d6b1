"""Lend a copy to a reader. Refuses with `already_lent`, `not_found` and `version_conflict`."""

from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from cqrs.event_log.aggregates import load_for_change
from cqrs.event_log.events import publish
from cqrs.messaging.fields import ServerSet, Text
from cqrs.messaging.messages import AggregateState, Command
from cqrs.messaging.results import Ok, Result
from lending.models import Copy, CopyState


class LendBook(Command):
    permission: ClassVar[str] = "lending.lend_book"
    answer: ClassVar[type[AggregateState]] = CopyState

    copy_id: Annotated[UUID, ServerSet()]
    reader: Text
    due_date: date


def lend_book(command: LendBook) -> Result[CopyState]:
    """Write the copy and `BookLent`."""
    copy = load_for_change(Copy, command.copy_id, command.expected_version)
    publish((copy, copy.lend(command.reader, command.due_date)))
    return Ok(copy.state())
