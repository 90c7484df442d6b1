"""Acquire a copy of a book."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from cqrs.event_log.aggregates import expect_nothing
from cqrs.event_log.events import publish
from cqrs.messaging.fields import Text
from cqrs.messaging.ids import uuid7
from cqrs.messaging.messages import AggregateState, Command, ServerSet
from cqrs.messaging.results import Ok, Result
from lending.models import Copy, CopyState


class AcquireBook(Command):
    permission: ClassVar[str] = "lending.acquire_book"
    answer: ClassVar[type[AggregateState]] = CopyState

    title: Text
    copy_id: Annotated[UUID, ServerSet()] = Field(default_factory=uuid7)


def acquire_book(command: AcquireBook) -> Result[CopyState]:
    """Write the copy and `BookAcquired`."""
    expect_nothing(command.expected_version)
    copy, event = Copy.acquire(command.copy_id, command.title)
    publish((copy, event))
    return Ok(copy.state())
