"""The offsets of a group: when they are committed, and what is made of those that are missing."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from django.db import connections

from cqrs.cdc.changes import Record
from cqrs.cdc.kafka import KafkaSource, _note_missed
from cqrs.messaging.ids import uuid7
from tests.support.debezium import NAME, own_slot
from tests.support.desk import wait_for
from tests.support.faults import Broken
from tests.support.kafka_broker import PrivateBroker, private_broker
from tests.support.kernel_settings import cqrs
from tests.support.waiting import BOTH

TOPIC = f"{NAME}.public.cqrs_event"
EVENT = Record(TOPIC, '{"id":7}', '{"op":"c"}')

pytestmark = pytest.mark.django_db(databases=BOTH, transaction=True)


@pytest.fixture(scope="module")
def broker() -> Iterator[PrivateBroker]:
    with private_broker() as found:
        found.create([TOPIC], 1)
        yield found


class Group:
    """A group of one consumer that runs in this process."""

    def __init__(self, broker: PrivateBroker) -> None:
        self.broker = broker
        self.options = {**broker.options, "group.id": f"group-{uuid7()}"}
        self.missed: list[int] = []
        self.errors: list[Exception] = []

    @property
    def committed(self) -> int:
        """Return how many records of the topic the group has committed."""
        return self.broker.committed(self.options, [TOPIC]).get((TOPIC, 0), 0)

    @contextmanager
    def running(self, handle: Callable[[Sequence[Record]], None]) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(handle, stop))
        with own_slot(), cqrs(CDC_KAFKA=self.options):
            thread.start()
            try:
                yield
            finally:
                stop.set()
                thread.join(60)

    def _run(self, handle: Callable[[Sequence[Record]], None], stop: threading.Event) -> None:
        try:
            KafkaSource({}).run(handle, lambda: self.missed.append(1), stop)
        except Broken as error:
            self.errors.append(error)
        finally:
            connections.close_all()


class TestOffsets:
    def test_are_committed_after_the_handling(self, broker: PrivateBroker):
        group, committed_before = Group(broker), list[int]()

        def handle(records: Sequence[Record]) -> None:
            if records:
                committed_before.append(group.committed)

        broker.produce([EVENT])
        with group.running(handle):
            wait_for(lambda: group.committed == broker.produced[TOPIC, 0], 60)
        assert committed_before[0] == 0

    def test_are_not_committed_when_the_handling_has_failed(self, broker: PrivateBroker):
        group = Group(broker)

        def fail(records: Sequence[Record]) -> None:
            if records:
                raise Broken

        broker.produce([EVENT])
        with group.running(fail):
            wait_for(lambda: group.errors, 60)
        assert group.committed == 0

    def test_that_are_missing_say_once_that_changes_may_be_missed(self, broker: PrivateBroker):
        group = Group(broker)
        for _ in range(2):
            assigned = threading.Event()
            with group.running(lambda _, assigned=assigned: assigned.set()):
                assert assigned.wait(60)
        assert group.missed == [1]


class Removed:
    """A consumer whose group has the offset 3 of a topic that begins with 5."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def committed(self, partitions: Sequence[object], _: float) -> Sequence[object]:
        return partitions

    def get_watermark_offsets(self, *_: object) -> tuple[int, int]:
        return 5, 9

    def commit(self, *, offsets: Sequence[object], asynchronous: bool) -> None:
        assert not asynchronous
        self.calls += [f"{each.topic} {each.offset}" for each in offsets]  # type: ignore[attr-defined]


class TestRemovedRecords:
    @pytest.mark.parametrize(("offset", "calls"), [(3, ["missed", "topic 5"]), (5, [])])
    def test_are_changes_that_may_be_missed(self, offset: int, calls: list[str]):
        from confluent_kafka import TopicPartition

        consumer = Removed()
        partitions = [TopicPartition("topic", 0, offset)]
        _note_missed(consumer, partitions, lambda: consumer.calls.append("missed"))
        assert consumer.calls == calls
