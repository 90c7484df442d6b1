"""Several consumers in one group, over a broker that speaks Kafka's protocol."""

from collections.abc import Iterator

import pytest

from cqrs.cdc.changes import Record
from cqrs.messaging.ids import uuid7
from tests.cdc.adopted import outside
from tests.cdc.topics import TOPICS, Topics, captured, held, waiting
from tests.support.capturing import CaptureProcess
from tests.support.desk import Desk, wait_for
from tests.support.kafka_broker import PrivateBroker, private_broker

PARTITIONS, ORDERS = 4, 10
LATE = "offsets_not_committed"  # said after a look at a batch that another process has by now


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
    """Return two processes of the group, which share the partitions and have compared all rows."""
    for each in processes:
        if each.process is None or each.process.poll() is not None:
            each.start()
    wait_for(lambda: processes[0].row()["scan_due"] is False)
    return processes


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

    def test_adopts_an_outside_change_once(self, topics: Topics, consumers: list[CaptureProcess]):
        before = outside(topics.desk)
        order = topics.change_outside()
        topics.broker.produce([*captured([order]), *captured([order])])
        topics.wait()
        assert outside(topics.desk) == before + 1

    def test_goes_on_when_a_process_stands_still_with_a_batch_for_longer_than_its_session(
        self, topics: Topics, consumers: list[CaptureProcess]
    ):
        before, desk = outside(topics.desk), topics.desk
        order = topics.change_outside()
        with held(desk, order) as holder:
            topics.broker.produce(captured([order]))
            stopped = wait_for(lambda: waiting(desk, holder, consumers))
            stopped.suspend()
            wait_for(lambda: not waiting(desk, holder, consumers))  # its session has given up, too
        try:
            topics.place(ORDERS)
            topics.wait()  # so the other one has all partitions
            assert outside(desk) == before + 1
            log = consumers[0].log
            late = log.read_text().count(LATE)
        finally:
            stopped.resume()
        wait_for(lambda: log.read_text().count(LATE) > late)
        topics.place(ORDERS)
        topics.wait()
        assert [each.stop() for each in consumers] == [0, 0]
        assert outside(desk) == before + 1
