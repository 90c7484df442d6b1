"""The catalog and a command under the contracts that the kernel ships."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, ClassVar

import orjson
from catalog.models import Book
from catalog.projections import PROJECTIONS
from hypothesis import strategies as st
from lending.commands import AcquireBook, LendBook

from cqrs.event_log import feed, sequencer
from cqrs.event_log.events import RecordedEvent
from cqrs.messaging import bus
from cqrs.messaging.context import system_context, use_context
from cqrs.messaging.messages import Command
from cqrs.messaging.results import Ok
from cqrs.testing.idempotency_contract import IdempotencyContract
from cqrs.testing.projection_contract import ProjectionContract

TITLES = st.sampled_from(["Emma", 'Of "quotes" \\ {x}', "Çiğdem\nÖ"])
HISTORIES = st.lists(st.tuples(TITLES, st.none() | st.dates(date(2026, 1, 1))), max_size=20)


def fold(events: Sequence[RecordedEvent]) -> dict[str, Any]:
    """Say of each copy what its last event says."""
    books: dict[str, Any] = {}
    for event in events:
        book = books.setdefault(event.data["copy_id"], {"is_lent": False, "due_date": None})
        book |= {name: event.data[name] for name in ("title", "due_date") if name in event.data}
        book["is_lent"] = event.type == "lending.book_lent"
        book |= {"id": event.data["copy_id"], "version": event.version}
    return books


def send(command: type[Command], **payload: Any) -> Any:
    with use_context(system_context()):
        result = bus.send(command, payload)
    assert isinstance(result, Ok)
    return result.value


class TestCatalog(ProjectionContract):
    projection = PROJECTIONS[0]
    models = (Book,)
    fold = staticmethod(fold)
    histories: ClassVar[Any] = HISTORIES
    parkable: ClassVar[Collection[str]] = ("copy",)

    def new_log(self) -> None:
        """Real commands write this log: there is nothing to remember."""

    def write(self, log: None, history: Any) -> list[RecordedEvent]:
        for title, due_date in history:
            copy_id = send(AcquireBook, title=title).id
            if due_date is not None:
                send(LendBook, copy_id=copy_id, reader="Bo", due_date=due_date)
        sequencer.sequence()
        return feed.read(0, 1_000_000)[0]

    def lives(self, log: None, count: int) -> list[RecordedEvent]:
        return self.write(log, [(f"Book {number}", date(2026, 12, 24)) for number in range(count)])

    def observed(self) -> dict[str, Any]:
        found = {}
        for book in Book.objects.all():
            document = orjson.loads(book.document)
            assert (book.title, book.is_lent) == (document["title"], document["is_lent"])
            found[str(book.pk)] = document
        return found


class TestAcquireBook(IdempotencyContract):
    command: ClassVar[type[Command]] = AcquireBook

    def payloads(self) -> tuple[dict[str, str], dict[str, str]]:
        return {"title": "Emma"}, {"title": "Persuasion"}
