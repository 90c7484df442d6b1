"""The consumer loop: claim partitions, read the feed, apply batches, save the checkpoints.

A checkpoint is saved in the transaction of the effects, in their database. So an event takes effect
once, whatever crashes. An event that fails is parked with its aggregate (`parking.py`).

Near the head all consumers are advanced in one transaction (`near_head.py`). Far behind it, or when
a consumer has failed, each partition has a transaction of its own, and workers share them.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from django.db import transaction

from cqrs.consumers.consumer import Consumer
from cqrs.consumers.near_head import LOCK_TIMEOUT_MS, Code, NearHeadRound
from cqrs.consumers.partition_runner import BATCH, PartitionRunner
from cqrs.consumers.partitions import PartitionCheckpoint
from cqrs.database.outages import is_outage
from cqrs.event_log import sequencer
from cqrs.event_log.feed import Stream
from cqrs.event_log.sequencer import Seen
from cqrs.models import AbstractCheckpoint, AbstractParkedEvent

NEAR_HEAD_POSITIONS = 500
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0


@dataclass(slots=True)
class _Pause:
    """When a consumer that has failed as a whole is tried again, in `time.monotonic()`."""

    pause_s: float = FIRST_PAUSE_S
    until: float = 0.0

    def longer(self) -> "_Pause":
        return _Pause(min(self.pause_s * 2, LONGEST_PAUSE_S), time.monotonic() + self.pause_s)


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
        super().__init__(checkpoints, parked, alias, batch)
        self.near = near
        self.paused: dict[str, _Pause] = {}  # the consumers that have failed as a whole

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
        done, raises what stopped a consumer as a whole; later calls try its batch again, after a
        pause that grows.
        """
        code = {(consumer.name, consumer.version): consumer for consumer in consumers}
        failures: dict[str, Exception] = {}
        deadline = time.monotonic() + limit_s
        total, seen = 0, look()
        while True:
            passed, is_level = self._round(code, seen, failures)
            total += passed
            if passed and on_batch:
                on_batch(passed)
            if time.monotonic() > deadline or _is_over(seen, passed, is_level):
                break
            seen = look()
        if failures:
            raise ExceptionGroup("consumers failed", list(failures.values()))
        return total

    def started(self, *consumers: Consumer) -> list[PartitionCheckpoint]:
        """Return the partitions of the consumers; create those of a new consumer."""
        names = {consumer.name for consumer in consumers}
        found = self.partitions.get(names)
        code = {(consumer.name, consumer.version): consumer for consumer in consumers}
        is_one_new = self._start(code, {each.consumer for each in found})
        return self.partitions.get(names) if is_one_new else found

    def repartition(self, consumer: Consumer, partitions: int) -> None:
        """Change the number of partitions, after bringing all of them to one position."""
        self.drain(consumer)
        with transaction.atomic(using=self.alias):
            checkpoints = self.partitions.lock([consumer.name])
            goal = max(checkpoint.position for checkpoint in checkpoints)
            for checkpoint in checkpoints:
                self.advance_to(consumer, checkpoint, goal)
            self.partitions.resize(consumer.name, partitions)

    def _round(self, code: Code, seen: Seen, failures: dict[str, Exception]) -> tuple[int, bool]:
        """Apply at most one batch per partition.

        Returns the positions passed, and whether all is level with the head.
        """
        joint = {key: each for key, each in code.items() if each.name not in self.paused}
        near = self._near_head(joint, seen)
        passed = near.passed
        behind = defaultdict[Consumer, list[PartitionCheckpoint]](list)
        returning = self._after_pause(code, seen)
        for each in [*near.alone, *returning]:
            behind[code[each.consumer, each.version]].append(each)
        for consumer, checkpoints in behind.items():
            passed += self._advance_alone(consumer, checkpoints, seen, failures)
        for consumer, stream in near.due:
            self._retry(consumer, stream, failures)
        if self._start(joint, near.found):
            more, is_level = self._round(code, seen, failures)
            return passed + more, is_level
        return passed, near.is_level and not returning

    def _near_head(self, joint: Code, seen: Seen) -> NearHeadRound:
        """Advance in one transaction what is near the head.

        If the transaction fails, which consumer is to blame shows when each is advanced alone.
        """
        names = {name for name, _ in joint}
        near = NearHeadRound(self.partitions, self.parking, joint, seen)
        try:
            near.run(seen.head - self.near)
        except Exception as error:
            if is_outage(error):
                raise
            near = NearHeadRound(self.partitions, self.parking, joint, seen)
            near.found = names
            near.alone = self._behind(joint, names, seen)
        return near

    def _after_pause(self, code: Code, seen: Seen) -> list[PartitionCheckpoint]:
        """Return the partitions of consumers that have failed, and whose pause is over."""
        now = time.monotonic()
        known = {name for name, _ in code}
        names = {name for name in known & {*self.paused} if self.paused[name].until <= now}
        behind = self._behind(code, names, seen)
        for name in names - {each.consumer for each in behind}:
            del self.paused[name]  # another worker has advanced it, or it has parked events alone
        return behind

    def _behind(self, code: Code, names: set[str], seen: Seen) -> list[PartitionCheckpoint]:
        return [
            each
            for each in (self.partitions.get(names) if names else ())
            if each.position < seen.head and (each.consumer, each.version) in code
        ]

    def _advance_alone(
        self,
        consumer: Consumer,
        checkpoints: Sequence[PartitionCheckpoint],
        seen: Seen,
        failures: dict[str, Exception],
    ) -> int:
        """Apply a batch of each partition; after a failure, pause before the next try."""
        passed = 0
        try:
            for checkpoint in checkpoints:
                passed += self._advance(consumer, checkpoint, seen.head, LOCK_TIMEOUT_MS)
        except Exception as error:  # noqa: BLE001  one consumer must not stop the others
            self._pause(consumer, error, failures)
        else:
            self.paused.pop(consumer.name, None)
        return passed

    def _retry(self, consumer: Consumer, stream: Stream, failures: dict[str, Exception]) -> None:
        """Retry the aggregate's parked events, unless the consumer has just failed."""
        if consumer.name in self.paused:
            return
        try:
            self.retries.retry(consumer, stream, only_if_due=True, lock_timeout_ms=LOCK_TIMEOUT_MS)
        except Exception as error:
            if is_outage(error):
                raise
            self._pause(consumer, error, failures)

    def _pause(self, consumer: Consumer, error: Exception, failures: dict[str, Exception]) -> None:
        failures[consumer.name] = error
        self.paused[consumer.name] = self.paused.get(consumer.name, _Pause()).longer()

    def _start(self, code: Code, found: Collection[str]) -> bool:
        """Create the checkpoints of the consumers without any, in the newest version."""
        newest = {each.name: each for _, each in sorted(code.items()) if each.name not in found}
        missing = [each for each in newest.values() if each.partitions]
        for each in missing:
            self.partitions.start(each)
        return bool(missing)


def _is_over(seen: Seen, passed: int, is_level: bool) -> bool:
    """Return whether a round has left nothing to do, and nothing has come meanwhile.

    While this worker held a partition, another one may have sequenced events and failed to claim
    it.
    """
    if not passed and not seen.is_sequencer:
        return True
    return is_level and sequencer.look().is_as(seen)
