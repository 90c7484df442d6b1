"""A commit that comes at the worst moment: another worker is at work, and has looked already.

The process that commits then asks for the lock, does not get it, and leaves. So its holder must
look once more after releasing it, or the event waits for the next sweep.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from django.db import connections, transaction

from cqrs.consumers.runner import Runner
from cqrs.event_log.events import RecordedEvent, event_types, publish
from cqrs.event_log.sequencer import sequence
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from tests.support.consumers import Applying
from tests.support.streams import change

MOVE = "DELETE FROM cqrs_pending"


class Recorder(Applying):
    """A consumer that keeps the positions of what it is given."""

    name = "recorder"
    types = frozenset(event_types())

    def __init__(self) -> None:
        self.seen: list[int] = []

    def apply(self, events: Any) -> None:
        self.seen += [event.position for event in events if isinstance(event, RecordedEvent)]


@contextmanager
def meanwhile(statement: str, act: Any) -> Iterator[list[Any]]:
    """Let another process act right after this one's first such statement, before its commit."""
    answers: list[Any] = []

    def interrupt(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if statement in sql and not answers:
            answers.append("begun")
            answers[0] = in_another_thread(act)
        return result

    with connections["default"].execute_wrapper(interrupt):
        yield answers


def in_another_thread(act: Any) -> Any:
    answers: list[Any] = []

    def run() -> None:
        try:
            answers.append(act())
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    thread.join(30)
    [answer] = answers
    return answer


def commit() -> None:
    with transaction.atomic():
        publish(change())


@pytest.mark.bypasses_events
@pytest.mark.django_db(transaction=True, databases=["default", "replica"])
class TestWakeUpRace:
    @pytest.mark.parametrize("waiting", [1, 3])
    def test_leaves_no_event_unapplied_that_was_fed_while_the_partition_was_held(
        self, waiting: int
    ):
        for _ in range(waiting):
            commit()
        sequence()
        answers = []

        class Interrupted(Recorder):
            def apply(self, events: Any) -> None:
                if not self.seen:
                    other = Thread(target=feed_and_ask)
                    other.start()
                    other.join(10)
                super().apply(events)

        def feed_and_ask() -> None:
            commit()
            sequence()
            runner = Runner(ProjectionCheckpoint, ParkedEvent, "replica")
            answers.append(runner.drain(Recorder()))
            connections.close_all()

        recorder = Interrupted()
        runner = Runner(ProjectionCheckpoint, ParkedEvent, "replica")
        assert runner.drain(recorder) == waiting + 1
        assert answers == [0], "the other one got the partition: nothing is tested"
        assert recorder.seen == list(range(1, waiting + 2))
