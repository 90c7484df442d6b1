"""Advance one partition of a consumer by a batch, in a transaction of its own."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from django.db import transaction

from cqrs.consumers.announcements import announce
from cqrs.consumers.applier import Applier
from cqrs.consumers.consumer import Consumer
from cqrs.consumers.parking import Parking, is_caused_by_event
from cqrs.consumers.partitions import PartitionCheckpoint, Partitions
from cqrs.consumers.retries import Retries
from cqrs.consumers.windows import read_part
from cqrs.database.pipelines import set_lock_timeout
from cqrs.database.statements import execute
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.feed import RawEvent
from cqrs.models import AbstractCheckpoint, AbstractParkedEvent

BATCH = 1_000


class CannotAdvance(RuntimeError):
    """A partition stays where it is, though no other worker should take it."""

    def __init__(self, checkpoint: PartitionCheckpoint) -> None:
        super().__init__(
            f"{checkpoint.consumer} #{checkpoint.partition} stays at {checkpoint.position}: another"
            " worker holds it, or its next event needs newer code"
        )


class PartitionRunner:
    """Runs single partitions of consumers whose effects are in one database.

    `alias` is that database, `checkpoints` and `parked` are its models. `batch` is the number of
    events in a transaction.
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
        self.retries = Retries(self.partitions, self.applier)

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

        Raises `CannotAdvance` if another worker holds it all the same, or if it needs newer code.
        """
        passed = self._advance(consumer, checkpoint, goal)
        if not passed:
            raise CannotAdvance(checkpoint)
        return replace(checkpoint, position=checkpoint.position + passed)

    def _advance(
        self,
        consumer: Consumer,
        checkpoint: PartitionCheckpoint,
        goal: int,
        lock_timeout_ms: int = 0,
    ) -> int:
        """Apply a batch, parking events that fail; return the positions passed."""
        work = partial(self._in_transaction, consumer, checkpoint, goal, lock_timeout_ms)
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
        goal: int,
        lock_timeout_ms: int,
        apply: Callable[[Consumer, list[RawEvent]], list[RecordedEvent]],
    ) -> int:
        upto = min(goal, checkpoint.position + self.batch * checkpoint.partitions)
        with transaction.atomic(using=self.alias):
            set_lock_timeout(self.alias, lock_timeout_ms)
            if not self.partitions.claim(checkpoint, upto):
                return 0
            events, reached = read_part(consumer, checkpoint, upto)
            if reached < upto:
                execute(self.alias, [self.partitions.advance([(checkpoint, reached)], upto, None)])
            events = self.applier.park_blocked_streams(consumer, events)
            events = self.applier.park_skipped(consumer, events)
            if applied := apply(consumer, events):
                announce([(consumer, applied)], using=self.alias)
        return reached - checkpoint.position
