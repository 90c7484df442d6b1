"""The consumer runner: claim a partition, read the feed, apply a batch, save the checkpoint.

The checkpoint is saved in the transaction of the effects, in their database. So an event takes
effect once, whatever crashes. An event that fails is parked with its aggregate (`parking.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from django.db import transaction

from cqrs.consumers.announcements import announce_after_commit
from cqrs.consumers.applier import Applier, Consumer
from cqrs.consumers.feed_batches import FeedBatches
from cqrs.consumers.parking import Parking, is_caused_by_event
from cqrs.consumers.partitions import PartitionCheckpoint, Partitions
from cqrs.consumers.retries import Retries
from cqrs.event_log import sequencer
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.feed import RawEvent
from cqrs.models import AbstractCheckpoint, AbstractParkedEvent

BATCH = 1_000


class Runner:
    """Runs consumers whose effects are in one database.

    `alias` is that database, `checkpoints` and `parked` are its models.
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
        self.retries = Retries(self.partitions, self.applier, self._announce)

    def drain(self, *consumers: Consumer, on_batch: Callable[[int], None] | None = None) -> int:
        """Apply everything that the feed holds; return the positions passed, of all partitions.

        Skips a partition that another worker holds. When all other consumers are done, raises what
        stopped a consumer as a whole; the next call tries its batch again.
        """
        total = 0
        failures: dict[str, Exception] = {}
        # The loop ends after a round that finds nothing: while this worker held a partition,
        # another one may have sequenced events and failed to claim it.
        while passed := self._round([c for c in consumers if c.name not in failures], failures):
            total += passed
            if on_batch:
                on_batch(passed)
        if failures:
            raise ExceptionGroup("consumers failed", list(failures.values()))
        return total

    def partition_checkpoints(self, *consumers: Consumer) -> list[PartitionCheckpoint]:
        """Return the partitions of the consumers; create those of a new consumer."""
        names = [consumer.name for consumer in consumers]
        found = self.partitions.get(names)
        if missing := {*names} - {each.consumer for each in found}:
            for consumer in consumers:
                if consumer.name in missing:
                    self.partitions.start(consumer)
            return self.partitions.get(names)
        return found

    def positions(self, consumer: Consumer) -> list[int]:
        """Return the position of each partition; an empty list before the first run."""
        return [each.position for each in self.partitions.get([consumer.name])]

    def advance_to(self, consumer: Consumer, checkpoint: PartitionCheckpoint, goal: int) -> None:
        """Bring a partition exactly to a position. The caller has locked it."""
        while checkpoint.position < goal:
            checkpoint = self.advance(consumer, checkpoint, goal)

    def advance(
        self, consumer: Consumer, checkpoint: PartitionCheckpoint, goal: int
    ) -> PartitionCheckpoint:
        """Apply one batch, up to `goal` at most, of a partition that no other worker takes.

        Raises `RuntimeError` if another worker holds it all the same.
        """
        batches = FeedBatches(min(goal, checkpoint.position + self.batch * checkpoint.partitions))
        if not self._advance(consumer, checkpoint, batches, has_parked=True):
            raise RuntimeError(f"{consumer.name} #{checkpoint.partition} is held by another worker")
        return replace(checkpoint, position=batches.head)

    def repartition(self, consumer: Consumer, partitions: int) -> None:
        """Change the number of partitions, after bringing all of them to one position."""
        self.drain(consumer)
        with transaction.atomic(using=self.alias):
            checkpoints = self.partitions.lock([consumer.name])
            goal = max(checkpoint.position for checkpoint in checkpoints)
            for checkpoint in checkpoints:
                self.advance_to(consumer, checkpoint, goal)
            self.partitions.resize(consumer.name, partitions)

    def _round(self, consumers: Sequence[Consumer], failures: dict[str, Exception]) -> int:
        """Apply at most one batch per partition; return the positions passed."""
        checkpoints = self.partition_checkpoints(*consumers)
        batches = FeedBatches(sequencer.head())
        behind = [each for each in checkpoints if each.position < batches.head]
        if not behind:
            return 0
        by_name = {consumer.name: consumer for consumer in consumers}
        # Read after the checkpoints: parking an event moves its partition, so the claim fails then.
        parked = self.parking.streams(by_name)
        idle = {each for each in behind if batches.is_idle(each, by_name[each.consumer].types)}
        passed = self.partitions.advance_idle(idle, batches.head)
        for checkpoint in behind:
            if checkpoint in idle or checkpoint.consumer in failures:
                continue
            consumer = by_name[checkpoint.consumer]
            try:
                passed += self._advance(consumer, checkpoint, batches, bool(parked[consumer.name]))
            except Exception as error:  # noqa: BLE001  one consumer must not stop the others
                failures[consumer.name] = error
        return passed

    def _advance(
        self,
        consumer: Consumer,
        checkpoint: PartitionCheckpoint,
        batches: FeedBatches,
        has_parked: bool,
    ) -> int:
        """Apply a batch, parking events that fail; return the positions passed."""
        work = partial(self._in_transaction, consumer, checkpoint, batches, has_parked)
        try:
            return work(self.applier.apply_all)
        except Exception as error:
            if not is_caused_by_event(error):
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
            if has_parked:  # before the claim there were parked events: look which there are now
                events = self.applier.without_blocked_streams(consumer, events)
            events = self.applier.without_skipped(consumer, events)
            applied = apply(consumer, events)
        if applied:
            self._announce(consumer, applied)
        return upto - checkpoint.position

    def _announce(self, consumer: Consumer, events: Sequence[RecordedEvent]) -> None:
        announce_after_commit(Runner, consumer, events, using=self.alias)
