"""The consumer loop: pass by pass, until nothing is behind.

A checkpoint is saved in the transaction of the effects, in their database. So an event takes effect
once, whatever crashes. An event that fails is parked with its aggregate (`parking.py`).

Near the head one round advances all consumers (`near_head.py`). Far behind it, or when a consumer
has failed, each partition has a round of its own (`partition_runner.py`), and workers share them.
"""

import math
import time
from collections.abc import Callable, Sequence

from django.db import transaction

from cqrs.consumers.ahead import require_not_ahead
from cqrs.consumers.consumer import Consumer
from cqrs.consumers.partition_runner import BATCH, PartitionRunner
from cqrs.consumers.partitions import PartitionCheckpoint
from cqrs.consumers.passes import Pass, missing
from cqrs.consumers.pauses import Pauses
from cqrs.event_log import sequencer
from cqrs.event_log.sequencer import Seen
from cqrs.models import AbstractCheckpoint, AbstractParkedEvent

NEAR_HEAD_POSITIONS = 500
# A table that is locked for longer is the matter of its own consumer alone.
LOCK_TIMEOUT_MS = 500


class Runner(PartitionRunner):
    """Runs all partitions of consumers, until none is behind.

    `near` is the distance to the head, in positions, up to which one transaction advances all.
    """

    def __init__(
        self,
        checkpoints: type[AbstractCheckpoint],
        parked: type[AbstractParkedEvent],
        alias: str,
        batch: int = BATCH,
        near: int = NEAR_HEAD_POSITIONS,
    ) -> None:
        super().__init__(checkpoints, parked, alias, batch, LOCK_TIMEOUT_MS)
        self.near = near
        self.paused = Pauses()  # the consumers that have failed as a whole

    def drain(
        self,
        *consumers: Consumer,
        look: Callable[[], Seen] = sequencer.look,
        on_batch: Callable[[int], None] | None = None,
        limit_s: float = math.inf,
    ) -> int:
        """Apply everything that the feed holds; return the positions passed, of all partitions.

        A worker passes `sequencer.step` as `look`, and a `limit_s` if it must end under steady
        writers, too. Skips a partition that another worker holds. When all other consumers are
        done, raises what stopped a consumer as a whole, or ended a session; later calls try its
        batch again, after a pause that grows.
        """
        code = {(consumer.name, consumer.version): consumer for consumer in consumers}
        failures: dict[str, Exception] = {}
        lost: Exception | None = None
        deadline = time.monotonic() + limit_s
        total, seen = 0, look()
        while True:
            done = Pass(self, self.paused, code, seen).run(seen.head - self.near)
            failures |= done.failures
            lost = done.lost or lost
            total += done.passed
            if done.passed and on_batch:
                on_batch(done.passed)
            if self._start(done.missing):
                continue
            if time.monotonic() > deadline or _is_over(seen, done):
                break
            seen = look()
        if failures:
            raise ExceptionGroup("consumers failed", list(failures.values()))
        if lost:
            raise lost
        return total

    def started(self, *consumers: Consumer) -> list[PartitionCheckpoint]:
        """Return the partitions of the consumers; create those of a new consumer."""
        names = {consumer.name for consumer in consumers}
        found = self.partitions.get(names)
        code = {(consumer.name, consumer.version): consumer for consumer in consumers}
        is_one_new = self._start(missing(code, {each.consumer for each in found}))
        return self.partitions.get(names) if is_one_new else found

    def repartition(self, consumer: Consumer, partitions: int) -> None:
        """Change the number of partitions, after bringing all of them to one position.

        Raises `AheadOfLog` and `CannotAdvance`.
        """
        self.drain(consumer)
        require_not_ahead(self.partitions.get([consumer.name]))
        with transaction.atomic(using=self.alias):
            checkpoints = self.partitions.lock([consumer.name])
            goal = max(checkpoint.position for checkpoint in checkpoints)
            for checkpoint in checkpoints:
                self.advance_to(consumer, checkpoint, goal)
            self.partitions.resize(consumer.name, partitions)

    def _start(self, missing: Sequence[Consumer]) -> bool:
        for each in missing:
            self.partitions.start(each)
        return bool(missing)


def _is_over(seen: Seen, done: Pass) -> bool:
    """Return whether a pass has left nothing to do, and nothing has come meanwhile.

    While this worker held a partition, another one may have sequenced events and failed to claim
    it.
    """
    if not done.passed and not seen.is_sequencer:
        return True
    return done.is_level and sequencer.look().is_as(seen)
