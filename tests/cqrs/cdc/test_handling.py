"""What a batch of captured changes makes happen."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError

from cqrs.cdc.changes import Record
from cqrs.cdc.handling import ChangeHandler
from cqrs.database.outages import AggregateBusy

WATCHED = {"library_book": ("book", "id"), "library_page": ("book", "book_id")}
ONE, TWO = UUID(int=1), UUID(int=2)


class Log:
    """A handler, and what it has called, in the order of the calls."""

    def __init__(self, **failures: Exception) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._failures = failures
        self.handler = ChangeHandler(
            WATCHED,
            wake=lambda: self.calls.append(("wake",)),
            look=self._look,
            park=lambda *given: self.calls.append(("park", *given)),
        )

    def _look(self, stream_type: str, ids: Collection[UUID]) -> None:
        if any(str(each.int) in self._failures for each in ids):
            raise self._failures[str(max(ids).int)]
        self.calls.append(("look", stream_type, set(ids)))


def event() -> Record:
    return Record("desk.public.cqrs_event", '{"id":7}', '{"op":"c"}')


def book(one: UUID, operation: str = "u") -> Record:
    return Record("desk.public.library_book", f'{{"id":"{one}"}}', f'{{"op":"{operation}"}}')


class TestBatch:
    def test_wakes_once_for_all_its_events_and_before_it_looks(self):
        log = Log()
        log.handler.handle([book(ONE), event(), event(), book(TWO), book(ONE)])
        assert log.calls == [("wake",), ("look", "book", {ONE, TWO})]

    def test_wakes_nothing_when_it_has_no_event(self):
        log = Log()
        log.handler.handle([book(ONE), Record("__debezium-heartbeat.desk", "{}", '{"ts_ms":1}')])
        assert log.calls == [("look", "book", {ONE})]

    def test_parks_what_a_person_has_to_decide_before_it_looks(self):
        log = Log()
        log.handler.handle([Record("desk.public.library_book", None, '{"op":"t"}'), book(TWO)])
        assert log.calls == [
            ("park", "book", None, "its table was truncated"),
            ("look", "book", {TWO}),
        ]

    def test_parks_a_record_that_it_cannot_understand_and_goes_on(self):
        log = Log()
        log.handler.handle([Record("desk.public.library_book", "{", '{"op":"u"}'), book(TWO)])
        assert log.calls == [
            ("park", "book", None, "a change was not understood: its key is no JSON"),
            ("look", "book", {TWO}),
        ]

    def test_goes_on_past_an_event_that_it_cannot_understand(self):
        log = Log()
        log.handler.handle([Record("desk.public.cqrs_event", "{}", "["), event()])
        assert log.calls == [("wake",)]

    def test_parks_the_row_whose_look_fails_and_looks_at_the_others(self):
        log = Log(**{"2": ValueError("x")})
        log.handler.handle([book(ONE), book(TWO)])
        assert sorted(log.calls) == [
            ("look", "book", {ONE}),
            ("park", "book", TWO, "looking at it failed: ValueError"),
        ]

    @pytest.mark.parametrize("failure", [OperationalError("gone"), AggregateBusy()])
    def test_raises_what_will_pass(self, failure: Exception):
        log = Log(**{"2": failure})
        with pytest.raises(type(failure)):
            log.handler.handle([book(TWO)])
        assert log.calls == []
