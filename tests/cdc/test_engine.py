"""What the real engine sends, beside the samples of every kind (tests/cdc/test_samples.py)."""

import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.db import connections, transaction

from cqrs.cdc.changes import EventStored, read_change
from cqrs.event_log import feed, sequencer
from cqrs.messaging.context import system_context, use_context
from tests.cdc.shelves import ONE, WATCHED, execute
from tests.support.debezium import Captured, captured, own_slot, running
from tests.support.desk import FULL_COUNTS, wait_for
from tests.support.scenarios import customer
from tests.support.waiting import BOTH

QUIET_HEARTBEATS = 120 if FULL_COUNTS else 6


@pytest.fixture
def engine(shelves: None) -> Iterator[Captured]:
    with captured(WATCHED) as found:
        yield found


@pytest.mark.django_db(databases=BOTH, transaction=True)
class TestEngine:
    def test_sends_nothing_but_heartbeats_while_all_is_quiet_and_then_keys_alone(
        self, engine: Captured
    ):
        before = len(engine.heartbeats)
        wait_for(lambda: len(engine.heartbeats) >= before + QUIET_HEARTBEATS, 200)
        topics = {each.topic for each in engine.records}
        assert topics <= {"__debezium-heartbeat.captured", "captured.message"}
        assert {read_change(each, WATCHED) for each in engine.records} == {None}
        execute(f"INSERT INTO shelf VALUES ('{ONE}', 'a secret')")
        [found] = engine.wait_for("shelf", 1)
        assert found.value is not None
        assert "secret" not in found.value


class LongTransaction:
    """A transaction of another thread that stores an event, and is committed when asked to."""

    def __init__(self) -> None:
        self.customer: UUID | None = None
        self._stored, self._commit = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)

    def begin(self) -> None:
        self._thread.start()
        assert self._stored.wait(30)

    def commit(self) -> None:
        self._commit.set()
        self._thread.join(30)

    def _run(self) -> None:
        with use_context(system_context(actor="test")), transaction.atomic():
            self.customer = customer()
            self._stored.set()
            assert self._commit.wait(60)
        connections.close_all()


@pytest.mark.django_db(databases=BOTH, transaction=True)
class TestLongTransaction:
    def test_over_short_ones_and_a_restart_is_captured_and_sequenced(self):
        long = LongTransaction()
        with own_slot():
            with running({}) as engine:
                long.begin()
                short = {customer() for _ in range(5)}
                engine.wait_for("cqrs_event", 5)
            long.commit()
            with running({}) as engine:
                found = engine.wait_for("cqrs_event", 1)
                assert {read_change(each, {}) for each in found} == {EventStored()}
        sequencer.sequence()
        events, _ = feed.read(0, 100)
        assert {each.stream_id for each in events} == {*short, long.customer}
