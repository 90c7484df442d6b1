"""Order and completeness under adversity: writers that dawdle, roll back and sit in transactions.

The control reads `id > cursor`, as many an event log does, and must lose events here: if it does
not, the test is not hard enough to prove anything.
"""

import os
import random
import time
from collections.abc import Sequence
from threading import Event as Flag
from uuid import UUID

import pytest
from django.db import connection, transaction

from cqrs.consumers.runner import Runner
from cqrs.event_log.events import RecordedEvent, bucket_of, event_types, publish
from cqrs.event_log.sequencer import sequence, step
from cqrs.messaging.ids import uuid7
from cqrs.models import EventRecord, Pending
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from tests.support.consumers import Applying
from tests.support.streams import change
from tests.support.threads import together

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.bypasses_events,  # the streams here are made up
    pytest.mark.timeout(600),
]

FULL = os.environ.get("FAULT_COUNTS") == "full"
WRITERS, CONSUMERS, PARTITIONS = 16, 2, 4
TRANSACTIONS = 200 if FULL else 25
PATIENCE_S = 300.0 if FULL else 120.0
LONGEST_WORK_S = 0.02
ROLLED_BACK = 0.1


class Recorder(Applying):
    """A consumer that keeps what it was given, batch by batch."""

    name = "recorder"
    partitions = PARTITIONS
    types = frozenset(event_types())

    def __init__(self) -> None:
        self.events: list[RecordedEvent] = []

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        self.events += events


class Control:
    """Reads what is visible past the highest id it has seen."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def read(self) -> None:
        cursor = self.seen[-1] if self.seen else 0
        self.seen += (
            EventRecord.objects.filter(id__gt=cursor).order_by("id").values_list("id", flat=True)
        )


class TestAdversity:
    def test_skips_doubles_and_inverts_nothing_and_waits_for_no_open_transaction(self):
        streams = [uuid7() for _ in range(8)]
        recorder, control = Recorder(), Control()
        opened, written, ended, done = Flag(), Flag(), Flag(), []

        def write(seed: int) -> None:
            rng = random.Random(seed)
            assert opened.wait(30)
            for _ in range(TRANSACTIONS):
                append(rng, rng.choice(streams))
            done.append(seed)
            if len(done) == WRITERS:
                written.set()

        def hold_a_transaction_open() -> tuple[int, int]:
            """Return how many events were committed, and how many applied, meanwhile."""
            with transaction.atomic():
                publish(change())
                opened.set()
                assert written.wait(PATIENCE_S), "the writers wait for the open transaction"
                committed, deadline = EventRecord.objects.count() - 1, time.monotonic() + PATIENCE_S
                while len(recorder.events) < committed and time.monotonic() < deadline:
                    time.sleep(0.01)
                flowed = len(recorder.events)
            ended.set()
            return committed, flowed

        def consume() -> None:
            runner = Runner(ProjectionCheckpoint, ParkedEvent, "replica", batch=50)
            while not ended.is_set() or Pending.objects.exists():
                step()
                runner.drain(recorder)
                time.sleep(0.001)

        def read_beyond_a_cursor() -> None:
            while not ended.is_set():
                control.read()
                time.sleep(0.001)

        consumers = [consume] * CONSUMERS
        writers = [lambda seed=seed: write(seed) for seed in range(WRITERS)]
        (committed, flowed), *_ = together(
            hold_a_transaction_open, read_beyond_a_cursor, *consumers, *writers,
            patience_s=PATIENCE_S,
        )  # fmt: skip
        sequence()
        Runner(ProjectionCheckpoint, ParkedEvent, "replica").drain(recorder)
        assert flowed == committed, "a consumer waited for the open transaction"
        assert_complete(recorder)
        assert_in_order(recorder, streams)
        control.read()
        lost = EventRecord.objects.count() - len(control.seen)
        said = f"{committed + 1} events, {flowed} while one was open, the control lost {lost}"
        print(said)  # noqa: T201  shown by -rP
        assert lost > 0, "the control lost nothing: too easy"


def append(rng: random.Random, stream_id: UUID) -> None:
    """Append to a stream as a command does: lock, work, publish, work, and sometimes roll back."""
    with transaction.atomic(), connection.cursor() as cursor:
        if rng.random() < 0.5:
            cursor.execute("SELECT pg_current_xact_id()")  # early, while others overtake
            time.sleep(rng.random() * LONGEST_WORK_S)
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [str(stream_id)])
        version = EventRecord.objects.filter(stream_id=stream_id).count() + 1
        publish(*[change() for _ in range(rng.randint(0, 2))], change(stream_id, version))
        time.sleep(rng.random() * LONGEST_WORK_S)
        transaction.set_rollback(rng.random() < ROLLED_BACK)


def assert_complete(recorder: Recorder) -> None:
    """Every committed event was applied, once, at contiguous positions."""
    applied = [event.event_id for event in recorder.events]
    committed = set(EventRecord.objects.values_list("event_id", flat=True))
    assert len(applied) == len(set(applied))
    assert set(applied) == committed
    positions = sorted(event.position for event in recorder.events)
    assert positions == list(range(1, len(applied) + 1))


def assert_in_order(recorder: Recorder, streams: list[UUID]) -> None:
    for stream_id in streams:
        versions = [event.version for event in recorder.events if event.stream_id == stream_id]
        assert versions == list(range(1, len(versions) + 1))
    for partition in range(PARTITIONS):
        positions = [
            event.position
            for event in recorder.events
            if bucket_of(event.stream_id) % PARTITIONS == partition
        ]
        assert positions
        assert positions == sorted(positions)
