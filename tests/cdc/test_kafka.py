"""Several consumers in one group, over a broker that speaks Kafka's protocol.

What is produced are samples of the real engine, about orders of the desk.
"""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cqrs.cdc.changes import Record
from cqrs.messaging.ids import uuid7
from tests.cdc.shelves import ONE
from tests.support.capturing import CaptureProcess
from tests.support.desk import Desk, wait_for
from tests.support.kafka_broker import PrivateBroker, private_broker
from tests.support.placing import place
from tests.support.sides import assert_agree, is_level

SAMPLES = json.loads((Path(__file__).resolve().parents[1] / "cqrs/cdc/samples.json").read_text())
PARTITIONS, ORDERS = 4, 10
TOPICS = [
    f"order_desk.public.{table}"
    for table in (
        "cqrs_event", "customers_customer", "orders_order", "orders_orderline", "orders_stockitem"
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def broker() -> Iterator[PrivateBroker]:
    with private_broker() as found:
        yield found


@pytest.fixture(scope="module")
def group(broker: PrivateBroker) -> dict[str, str]:
    """Return the options of a new group, whose topics have several partitions."""
    broker.create(TOPICS, PARTITIONS)
    return {**broker.options, "group.id": f"group-{uuid7()}"}


@pytest.fixture(scope="module")
def processes(any_desk: Desk, group: dict[str, str]) -> Iterator[list[CaptureProcess]]:
    options = " ".join(f"{name}={value}" for name, value in group.items())
    found = [CaptureProcess(any_desk, "kafka", CDC_KAFKA=options) for _ in range(2)]
    yield found
    for each in found:
        each.end()


@pytest.fixture
def consumers(desk: Desk, processes: list[CaptureProcess]) -> list[CaptureProcess]:
    """Return two processes of the group, which share the partitions."""
    for each in processes:
        if each.process is None or each.process.poll() is not None:
            each.start()
    return processes


def captured(orders: list[str]) -> list[Record]:
    """Return what Debezium would send of these orders."""
    row, event = Record(*SAMPLES["created"]), Record(*SAMPLES["event"])
    rows = [
        row._replace(
            topic="order_desk.public.orders_order",
            key=(row.key or "").replace(str(ONE), order),
            value=(row.value or "").replace(str(ONE), order),
        )
        for order in orders
    ]
    return [*rows, *[event._replace(topic="order_desk.public.cqrs_event")] * len(orders)]


class Topics:
    """What was produced, and how much of it the group has committed."""

    def __init__(self, broker: PrivateBroker, group: dict[str, str], desk: Desk) -> None:
        self.broker, self.group, self.desk = broker, group, desk

    def place(self, count: int) -> None:
        """Place orders, and produce what Debezium would send."""
        self.broker.produce(captured(place(self.desk, count)))

    def is_committed(self) -> bool:
        return self.broker.committed(self.group, TOPICS) == self.broker.produced

    def wait(self) -> None:
        """Return when the group has handled all, and see that nothing is missing."""
        wait_for(self.is_committed, 60)
        wait_for(lambda: is_level(self.desk), 30)
        assert_agree(self.desk)


@pytest.fixture
def topics(broker: PrivateBroker, group: dict[str, str], desk: Desk) -> Topics:
    return Topics(broker, group, desk)


class TestGroup:
    def test_handles_each_record(self, topics: Topics, consumers: list[CaptureProcess]):
        topics.place(ORDERS)
        topics.wait()

    def test_passes_a_record_that_it_cannot_understand(
        self, topics: Topics, consumers: list[CaptureProcess]
    ):
        poison = Record("order_desk.public.orders_order", "{}", "no JSON")
        topics.broker.produce([poison])
        topics.place(1)
        topics.wait()
        assert "its value is no JSON" in consumers[0].log.read_text()

    def test_goes_on_when_a_process_is_killed(
        self, topics: Topics, consumers: list[CaptureProcess]
    ):
        topics.place(ORDERS)
        consumers[0].kill()
        topics.place(ORDERS)
        topics.wait()

    def test_goes_on_when_a_process_stands_still_for_longer_than_its_session(
        self, topics: Topics, consumers: list[CaptureProcess]
    ):
        stopped = consumers[0].process
        assert stopped is not None
        stopped.send_signal(signal.SIGSTOP)
        try:
            topics.place(ORDERS)
            topics.wait()  # so the other one has all partitions
        finally:
            stopped.send_signal(signal.SIGCONT)
        topics.place(ORDERS)
        topics.wait()
        assert [each.stop() for each in consumers] == [0, 0]
