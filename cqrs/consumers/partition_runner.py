"""Advance one partition by a batch, in a round of its own; park the events that fail."""

from collections.abc import Callable, Sequence
from functools import partial

from cqrs.consumers.ahead import is_ahead, require_not_ahead, warn
from cqrs.consumers.consumer import Consumer
from cqrs.consumers.parking import Parking, is_to_park
from cqrs.consumers.partitions import PartitionCheckpoint, Partitions
from cqrs.consumers.parts import Part
from cqrs.consumers.retries import Retries
from cqrs.consumers.round import Round
from cqrs.consumers.trials import are_refused_alike
from cqrs.consumers.windows import ids_of, own_part, read_window
from cqrs.database.pipelines import sync
from cqrs.models import AbstractCheckpoint, AbstractParkedEvent

BATCH = 1_000

Failure = tuple[int, Exception]
"""The position of an event that could not be applied, and the error."""


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
    events in a transaction. Waits up to `lock_timeout_ms` for each lock; 0: without end.
    """

    def __init__(
        self,
        checkpoints: type[AbstractCheckpoint],
        parked: type[AbstractParkedEvent],
        alias: str,
        batch: int = BATCH,
        lock_timeout_ms: int = 0,
    ) -> None:
        self.alias = alias
        self.batch = batch
        self.lock_timeout_ms = lock_timeout_ms
        self.partitions = Partitions(checkpoints, alias)
        self.parking = Parking(parked, alias)
        self.retries = Retries(self.partitions, self.parking, lock_timeout_ms)

    def run(self, one: Round, claim: Callable[[], Sequence[Part]]) -> None:
        """Run a round with the parts that `claim` returns."""
        one.run(claim, self.lock_timeout_ms)

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

        Raises `CannotAdvance` if another worker holds it all the same, or if it needs newer code,
        and `AheadOfLog`.
        """
        reached = self.advance_batch(consumer, checkpoint, goal)
        if reached == checkpoint:
            require_not_ahead([checkpoint])
            raise CannotAdvance(checkpoint)
        return reached

    def advance_batch(
        self, consumer: Consumer, checkpoint: PartitionCheckpoint, goal: int
    ) -> PartitionCheckpoint:
        """Apply a batch, parking events that fail; return where the partition is then."""
        upto = min(goal, checkpoint.position + self.batch * checkpoint.partitions)
        return self._halve(consumer, checkpoint, upto, is_whole=True)

    def _halve(
        self,
        consumer: Consumer,
        checkpoint: PartitionCheckpoint,
        upto: int,
        *,
        is_whole: bool = False,
    ) -> PartitionCheckpoint:
        """Apply the events up to `upto`, by halves if one fails; park it when it is alone."""
        whole = Round(self.partitions, self.parking)
        try:
            return self._run(whole, consumer, checkpoint, upto)
        except Exception as error:
            events = [event for part in whole.parts for event in part.events]
            if not events or not is_to_park(consumer, error):
                raise
            if is_whole and are_refused_alike(self._run_trial, consumer, events, error):
                raise
            failure = events[0].position, error
        if len(events) == 1:
            parking = Round(self.partitions, self.parking)
            return self._run(parking, consumer, checkpoint, upto, failure)
        middle = events[len(events) // 2].position - 1
        half = self._halve(consumer, checkpoint, middle)
        return self._halve(consumer, half, upto) if half.position == middle else half

    def _run_trial(self, part: Part) -> None:
        trial = Round(self.partitions, self.parking)
        trial.run(lambda: [part], self.lock_timeout_ms, is_trial=True)

    def _run(
        self,
        single: Round,
        consumer: Consumer,
        checkpoint: PartitionCheckpoint,
        upto: int,
        failure: Failure | None = None,
    ) -> PartitionCheckpoint:
        self.run(single, partial(self._claim, consumer, checkpoint, upto, failure))
        moves = [move for part in single.parts for move in part.moves]
        return checkpoint.at(moves[0][1]) if moves else checkpoint

    def _claim(
        self,
        consumer: Consumer,
        checkpoint: PartitionCheckpoint,
        upto: int,
        failure: Failure | None,
    ) -> list[Part]:
        """Return the part of the partition, unless another worker holds or has moved it, or it is
        ahead of the log.
        """
        claim = self.partitions.issue_claim_of(checkpoint)
        parked = self.parking.issue_streams([consumer.name])
        sync(self.alias)
        if claim.fetchone() is None:
            return []
        window = read_window(consumer, checkpoint, upto)
        ids = ids_of(window)
        if is_ahead(checkpoint, ids.get(checkpoint.position)):
            warn([checkpoint])
            return []
        events, reached = own_part(consumer, checkpoint, window, upto, ids)
        part = Part(consumer, [(checkpoint, reached)], events)
        part.queue_blocked({(kind, key) for _, kind, key, _ in parked.fetchall()})
        # A retry can have unblocked others meanwhile: then the failure shows again.
        if failure and [event.position for event in part.events] == [failure[0]]:
            part.failure = failure[1]
        return [part]
