"""The consumer runner: claim a partition, read the feed, apply a batch, save the checkpoint.

The checkpoint is saved in the transaction of the effects, in their database: whatever crashes,
an event takes effect once. What fails is parked with its aggregate (`cqrs/parking.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import structlog
from django.db import transaction

from cqrs.consumers.applier import Applier, Consumer
from cqrs.consumers.feed_batches import FeedBatches
from cqrs.consumers.parking import Parking, is_the_events_fault
from cqrs.consumers.partitions import PartitionCheckpoint, Partitions
from cqrs.event_log import feed, sequencer
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.feed import RawEvent, Stream
from cqrs.event_log.signals import announce_applied
from cqrs.models import AbstractCheckpoint, AbstractParkedEvent

BATCH = 1_000
TRACED = 20  # events of a batch whose requests its log line names

log = structlog.get_logger("cqrs.consumers")


class Runner:
    """Runs consumers whose effects live in one database.

    `alias` is that database, `checkpoints` and `parked` its models.
    """

    def __init__(
        self,
        checkpoints: type[AbstractCheckpoint],
        parked: type[AbstractParkedEvent],
        alias: str,
        batch: int = BATCH,
    ) -> None:
        self.alias = alias
        self.batch = batch
        self.partitions = Partitions(checkpoints, alias)
        self.parking = Parking(parked, alias)
        self.applier = Applier(self.parking)

    def drain(self, *consumers: Consumer, on_batch: Callable[[int], None] | None = None) -> int:
        """Apply everything that the feed holds; return the positions passed, of all partitions.

        A partition that another worker holds is left to it. Raises, when all others are done,
        what stopped a consumer as a whole; its batch is tried again on the next call.
        """
        total = 0
        failures: dict[str, Exception] = {}
        # Somebody may have fed the log and failed to claim a partition while it was held
        # here, so look once more after letting go.
        while passed := self._round([c for c in consumers if c.name not in failures], failures):
            total += passed
            if on_batch:
                on_batch(passed)
        if failures:
            raise ExceptionGroup("consumers failed", list(failures.values()))
        return total

    def partition_checkpoints(self, *consumers: Consumer) -> list[PartitionCheckpoint]:
        """Return the partitions of the consumers, which begin if they have not."""
        found = self.partitions.get([consumer.name for consumer in consumers])
        if missing := {consumer.name for consumer in consumers} - {p.consumer for p in found}:
            for consumer in consumers:
                if consumer.name in missing:
                    self.partitions.start(consumer)
            return self.partitions.get([consumer.name for consumer in consumers])
        return found

    def positions(self, consumer: Consumer) -> list[int]:
        """Return the checkpoint of each partition; nothing before it has begun."""
        return [checkpoint.position for checkpoint in self.partitions.get([consumer.name])]

    def advance_to(self, consumer: Consumer, checkpoint: PartitionCheckpoint, goal: int) -> None:
        """Bring a partition that nobody else can take exactly to a position."""
        while checkpoint.position < goal:
            checkpoint = self.advance(consumer, checkpoint, goal)

    def advance(
        self, consumer: Consumer, checkpoint: PartitionCheckpoint, goal: int
    ) -> PartitionCheckpoint:
        """Give a partition that nobody else can take one batch, not beyond a position."""
        batches = FeedBatches(min(goal, checkpoint.position + self.batch * checkpoint.partitions))
        if not self._advance(consumer, checkpoint, batches, has_parked=True):
            raise RuntimeError(f"{consumer.name} #{checkpoint.partition} is in other hands")
        return replace(checkpoint, position=batches.head)

    def repartition(self, consumer: Consumer, partitions: int) -> None:
        """Divide the consumer's work anew: all of it is brought to one position before."""
        self.drain(consumer)
        with transaction.atomic(using=self.alias):
            checkpoints = self.partitions.lock([consumer.name])
            goal = max(checkpoint.position for checkpoint in checkpoints)
            for checkpoint in checkpoints:
                self.advance_to(consumer, checkpoint, goal)
            self.partitions.resize(consumer.name, partitions)

    def retry_due(self, *consumers: Consumer) -> None:
        """Try parked events again whose time has come."""
        by_name = {consumer.name: consumer for consumer in consumers}
        for name, stream in self.parking.due(by_name):
            self.retry(by_name[name], stream, only_if_due=True)

    def retry(self, consumer: Consumer, stream: Stream, *, only_if_due: bool = False) -> int:
        """Apply an aggregate's parked events in their order, up to one that fails again.

        Returns how many it applied.
        """
        done: list[RecordedEvent] = []
        with transaction.atomic(using=self.alias):
            # Keeps the runner from this aggregate: what comes next must come after these.
            self.partitions.lock([consumer.name])
            parked = list(self.parking.of_stream(consumer.name, stream))
            # Another worker that had found it, too, may have tried it while this one waited.
            if only_if_due and not self.parking.is_due(parked):
                return 0
            for row, event in zip(parked, feed.at([row.position for row in parked]), strict=True):
                stored = self.applier.attempt(consumer, [event], late=True)
                if isinstance(stored, Exception):
                    self.parking.postpone(row, stored)
                    break
                row.delete(using=self.alias)
                done += stored
        if done:
            self._announce(consumer, done)
        return len(done)

    def retry_all(self, consumer: Consumer) -> int:
        """Retry every parked aggregate of the consumer; return how many events were applied.

        An event may need the effect of another aggregate's that is parked too and retried later:
        so this goes on as long as something moves.
        """
        total = 0
        while moved := sum(self.retry(consumer, stream) for stream in self._parked(consumer)):
            total += moved
        return total

    def _parked(self, consumer: Consumer) -> list[Stream]:
        rows = self.parking.rows(consumer.name).values_list("stream_type", "stream_id")
        return list(dict.fromkeys(rows))

    def _round(self, consumers: Sequence[Consumer], failures: dict[str, Exception]) -> int:
        """Give every partition one batch at the most; return the positions passed."""
        checkpoints = self.partition_checkpoints(*consumers)
        batches = FeedBatches(sequencer.head())
        behind = [checkpoint for checkpoint in checkpoints if checkpoint.position < batches.head]
        if not behind:
            return 0
        # After the checkpoints: parking an event moves its partition, and then the claim fails.
        parked = self.parking.streams([consumer.name for consumer in consumers])
        types = {consumer.name: consumer.types for consumer in consumers}
        idle = {
            checkpoint
            for checkpoint in behind
            if batches.is_idle(checkpoint, types[checkpoint.consumer])
        }
        passed = self.partitions.advance_idle(idle, batches.head)
        by_name = {consumer.name: consumer for consumer in consumers}
        for checkpoint in behind:
            if checkpoint in idle or checkpoint.consumer in failures:
                continue
            consumer = by_name[checkpoint.consumer]
            try:
                passed += self._advance(consumer, checkpoint, batches, bool(parked[consumer.name]))
            except Exception as error:  # noqa: BLE001  one must not stop the others
                failures[consumer.name] = error
        return passed

    def _advance(
        self,
        consumer: Consumer,
        checkpoint: PartitionCheckpoint,
        batches: FeedBatches,
        has_parked: bool,
    ) -> int:
        """Apply a batch, and in a second go without what fails; return the positions passed."""
        work = partial(self._in_transaction, consumer, checkpoint, batches, has_parked)
        try:
            return work(self.applier.apply_all)
        except Exception as error:
            if not is_the_events_fault(error):
                raise
        return work(self.applier.apply_or_park)

    def _in_transaction(
        self,
        consumer: Consumer,
        checkpoint: PartitionCheckpoint,
        batches: FeedBatches,
        has_parked: bool,
        apply: Callable[[Consumer, list[RawEvent]], list[RecordedEvent]],
    ) -> int:
        upto = batches.end(checkpoint, self.batch)
        with transaction.atomic(using=self.alias):
            if not self.partitions.claim(checkpoint, upto):
                return 0
            events = batches.events(checkpoint, consumer.types, upto)
            if has_parked:  # as it was before the claim; what counts is what is parked now
                events = self.applier.without_blocked_streams(consumer, events)
            events = self.applier.without_skipped(consumer, events)
            applied = apply(consumer, events)
        if applied:
            self._announce(consumer, applied)
        return upto - checkpoint.position

    def _announce(self, consumer: Consumer, events: Sequence[RecordedEvent]) -> None:
        """Say what was applied, and for which requests: a trace ends here."""
        announce = partial(announce_applied, sender=Runner, consumer=consumer, events=events)
        # At once, unless somebody around this has a transaction that is not committed yet.
        transaction.on_commit(announce, using=self.alias, robust=True)
        named = events[:TRACED]
        log.info(
            "applied",
            consumer=consumer.name,
            events=len(events),
            position=events[-1].position,
            correlation_ids=_distinct("correlation_id", named),
            traceparents=_distinct("traceparent", named),
        )


def _distinct(name: str, events: Sequence[RecordedEvent]) -> list[str]:
    found = (event.metadata.get(name) for event in events)
    return list(dict.fromkeys(value for value in found if value))
