"""Changes that Kafka Connect has published: one of several consumers in a group.

A rebalance, or a process that comes back after its session has ended, repeats batches. That is
harmless, so offsets are committed after the handling and a commit that fails is only logged.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import structlog

from cqrs.cdc import publications
from cqrs.cdc.capture import Handle, Missed
from cqrs.cdc.changes import EVENT_TABLE, HEARTBEATS, Record, Watched
from cqrs.conf import conf

BATCH = 500
POLL_S = 0.2
ANSWER_S = 10.0
DEFAULTS = {
    "auto.offset.reset": "earliest",
    "topic.metadata.refresh.interval.ms": "5000",  # a topic comes with its table's first change
}

log = structlog.get_logger("cqrs.cdc")


def missing() -> str | None:
    """Return in one line what has to be installed or set before the consumer can run."""
    if not find_spec("confluent_kafka"):
        return "confluent-kafka not found: install requirements/cdc.txt (.ci/install cdc)"
    if "bootstrap.servers" not in conf().CDC_KAFKA:
        return "CDC_KAFKA has no bootstrap.servers: set it, such as bootstrap.servers=host:9092"
    return None


class KafkaSource:
    """Reads the topics of the watched tables, of the event table, and of the heartbeats."""

    name = "kafka"

    def __init__(self, watched: Watched) -> None:
        self.watched, prefix = watched, conf().CDC_NAME
        tables = [f"{prefix}.public.{table}" for table in (EVENT_TABLE, *watched)]
        self.topics = [*tables, f"{HEARTBEATS}{prefix}"]

    def run(self, handle: Handle, missed: Missed, stop: threading.Event) -> None:
        """Pass batches on until `stop` is set. Raises `confluent_kafka.KafkaException`.

        Makes the publication that the connector reads; the slot is the connector's.
        """
        publications.publish(self.watched)
        with _consumer() as consumer:

            def on_assign(_: Any, partitions: Sequence[Any]) -> None:
                _note_missed(consumer, partitions, missed)
                handle([])  # it listens from then on, also while nothing comes

            consumer.subscribe(self.topics, on_assign=on_assign)
            while not stop.is_set():
                records = list(_records(consumer.consume(BATCH, POLL_S)))
                if records:
                    handle(records)
                    _commit(consumer)


@contextmanager
def _consumer() -> Iterator[Any]:
    from confluent_kafka import Consumer

    options = {"group.id": conf().CDC_NAME, **DEFAULTS, **conf().CDC_KAFKA}
    consumer = Consumer({**options, "enable.auto.commit": False})
    try:
        yield consumer
    finally:
        consumer.close()


def _note_missed(consumer: Any, partitions: Sequence[Any], missed: Missed) -> None:
    """Call `missed` for partitions that the group does not go on reading where it was.

    Then commit where it begins, so that a partition to which nothing comes is new only once.
    """
    if begins := list(_beginnings(consumer, partitions)):
        names = sorted({each.topic for each in begins})
        log.warning("changes_may_be_missed", reason="no offset in the topic", topics=names)
        missed()
        consumer.commit(offsets=begins, asynchronous=False)


def _beginnings(consumer: Any, partitions: Sequence[Any]) -> Iterator[Any]:
    """Yield the partitions without an offset, or with one of a record that was removed."""
    from confluent_kafka import TopicPartition

    for found in consumer.committed(partitions, ANSWER_S) if partitions else ():
        first, _ = consumer.get_watermark_offsets(found, ANSWER_S)
        if found.offset < max(first, 0):  # negative without one
            yield TopicPartition(found.topic, found.partition, max(first, 0))


def _records(messages: Sequence[Any]) -> Iterator[Record]:
    from confluent_kafka import KafkaError, KafkaException

    for message in messages:
        if error := message.error():
            if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                continue
            raise KafkaException(error)
        headers = {name: _text(value) or "" for name, value in message.headers() or ()}
        yield Record(message.topic(), _text(message.key()), _text(message.value()), headers)


def _commit(consumer: Any) -> None:
    from confluent_kafka import KafkaException

    try:
        consumer.commit(asynchronous=False)
    except KafkaException as error:
        log.warning("offsets_not_committed", reason=error.args[0].name())


def _text(value: bytes | None) -> str | None:
    """Return the text; what is no UTF-8 becomes a text that is no JSON."""
    return None if value is None else value.decode(errors="replace")
