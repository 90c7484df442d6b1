"""What the sequencer locks, and how long it waits for the locks of others."""

import time
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from cqrs.database.cursors import server_cursor
from cqrs.event_log import sequencer
from cqrs.event_log.events import publish
from cqrs.event_log.sequencer import step
from cqrs.models import Pending
from cqrs.testing.threads import together
from tests.support.streams import change

pytestmark = [
    pytest.mark.bypasses_events,
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgresql_version,
]
HELD = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"


def published(count: int = 1) -> None:
    with transaction.atomic():
        publish(*[change() for _ in range(count)])


def held_by_step() -> int:
    """Return how many advisory locks a step holds after its move."""
    cursors: list[Any] = []

    def ask() -> None:
        cursor = server_cursor("default")
        cursor.execute(HELD)
        cursors.append(cursor)

    step(also=ask)
    return int(cursors[0].fetchone()[0])


class TestLocks:
    def test_are_taken_for_pending_events(self) -> None:
        published()
        assert held_by_step() == 1

    def test_are_left_alone_when_nothing_is_pending(self) -> None:
        assert held_by_step() == 0
        published()
        step()
        assert held_by_step() == 0

    def test_end_with_the_step(self) -> None:
        published()
        assert step().is_sequencer
        published()
        seen = together(step)[0]
        assert (seen.is_sequencer, seen.moved) == (True, 1)

    def test_of_a_stranger_on_the_pending_table_fail_the_step(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(sequencer, "LOCK_TIMEOUT_MS", 100)
        published()
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE cqrs_pending IN SHARE MODE")
            started = time.monotonic()
            with pytest.raises(OperationalError, match="lock timeout"):
                together(step)
            assert time.monotonic() - started < 10
            assert Pending.objects.count() == 1
        seen = step()
        assert (seen.moved, seen.head) == (1, 1)


class TestStep:
    def test_returns_the_events_that_it_moved(self) -> None:
        published(3)
        seen = step()
        assert [event.position for event in seen.events] == [1, 2, 3]
        assert (seen.moved, seen.head, seen.has_pending) == (3, 3, False)

    def test_returns_no_events_of_a_large_batch(self, monkeypatch: Any) -> None:
        published(sequencer.RETURNED_EVENTS)
        assert len(step().events) == sequencer.RETURNED_EVENTS
        published(sequencer.RETURNED_EVENTS + 1)
        seen = step()
        assert (seen.moved, list(seen.events)) == (sequencer.RETURNED_EVENTS + 1, [])

    def test_says_whether_events_are_left(self) -> None:
        published(3)
        assert step(2).has_pending
        assert not step(2).has_pending
