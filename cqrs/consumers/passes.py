"""One pass over all consumers: together what is near the head, then the rest one by one."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial

import structlog
from django.db import Error, transaction

from cqrs.consumers.ahead import warn
from cqrs.consumers.consumer import Consumer
from cqrs.consumers.near_head import Code, NearHeadRound
from cqrs.consumers.partition_runner import PartitionRunner
from cqrs.consumers.partitions import PartitionCheckpoint
from cqrs.consumers.pauses import Pauses
from cqrs.database.aliases import WRITE_ALIAS
from cqrs.database.outages import is_outage
from cqrs.database.sessions import take_writes
from cqrs.event_log.sequencer import Seen
from cqrs.messaging.error_text import error_text

log = structlog.get_logger("cqrs.consumers")


class Pass:
    """Applies at most one batch per partition.

    Then `passed` is the number of positions, of all partitions, and `is_level` says that everything
    is at the head. `failures` are those of consumers that failed as a whole; they are in `paused`
    now. `lost` is the error of a joint round whose session was lost: locks that the caller held in
    it are lost, too. `missing` are consumers that have no checkpoints yet.
    """

    def __init__(self, runner: PartitionRunner, paused: Pauses, code: Code, seen: Seen) -> None:
        self.runner = runner
        self.paused = paused
        self.code = code
        self.seen = seen
        self.passed = 0
        self.is_level = False
        self.failures: dict[str, Exception] = {}
        self.lost: Exception | None = None
        self.missing: Sequence[Consumer] = ()

    def run(self, near_head: int) -> "Pass":
        """Advance what is at `near_head` or later in one round, and the rest alone."""
        joint = {key: each for key, each in self.code.items() if each.name not in self.paused}
        near = self._together(joint, near_head)
        returning = self._returning()
        self.passed = near.passed
        for checkpoint in [*near.alone, *returning]:
            self._advance(checkpoint)
        for consumer, stream in near.due:
            retry = self.runner.retries.retry
            self._or_pause(consumer, partial(retry, consumer, stream, only_if_due=True))
        for name in {each.consumer for each in returning} - {*self.failures}:
            del self.paused[name]
        self.is_level = near.is_level and not returning
        self.missing = missing(joint, near.found)
        return self

    def _together(self, joint: Code, near_head: int) -> NearHeadRound:
        """Run the joint round. If it fails, who is to blame shows when each is advanced alone."""
        runner, seen = self.runner, self.seen
        near = NearHeadRound(runner.partitions, runner.parking, joint, seen, near_head)
        try:
            runner.run(near, near.claim)
        except Exception as error:
            if self._is_outage(error):
                raise
            self.lost = error if is_outage(error) else None
            log.warning("joint_round_failed", error=error_text(error))
            near = NearHeadRound(runner.partitions, runner.parking, joint, seen, near_head)
            near.found = {name for name, _ in joint}
            near.far = self._behind(near.found)
        warn(near.ahead)
        return near

    def _returning(self) -> list[PartitionCheckpoint]:
        """Return the partitions of consumers that have failed, and whose pause is over."""
        names = self.paused.over({name for name, _ in self.code})
        behind = self._behind(names)
        for name in names - {each.consumer for each in behind}:
            del self.paused[name]  # another worker has advanced it, or it has parked events alone
        return behind

    def _behind(self, names: Collection[str]) -> list[PartitionCheckpoint]:
        found = self.runner.partitions.get(names) if names else ()
        head = self.seen.head
        return [
            each
            for each in found
            if each.position < head and (each.consumer, each.version) in self.code
        ]

    def _advance(self, checkpoint: PartitionCheckpoint) -> None:
        consumer = self.code[checkpoint.consumer, checkpoint.version]

        def advance() -> None:
            reached = self.runner.advance_batch(consumer, checkpoint, self.seen.head)
            self.passed += reached.position - checkpoint.position

        self._or_pause(consumer, advance)

    def _or_pause(self, consumer: Consumer, work: Callable[[], object]) -> None:
        """Do the work of one consumer; after a failure it pauses, and the others go on."""
        if consumer.name in self.failures:
            return
        try:
            work()
        except Exception as error:
            if self._is_outage(error):
                raise
            self.failures[consumer.name] = error
            pause_s = self.paused.start(consumer.name)
            text = error_text(error)
            log.warning("consumer_paused", consumer=consumer.name, pause_s=pause_s, error=text)
            self._note(consumer, text)

    def _is_outage(self, error: Exception) -> bool:
        """Return whether a database does not answer any more.

        If it does, one event can be what ends its session, each time.
        """
        return is_outage(error) and not take_writes(WRITE_ALIAS, self.runner.partitions.alias)

    def _note(self, consumer: Consumer, text: str) -> None:
        """Let `projections status` say why, if the database still takes it."""
        partitions = self.runner.partitions
        first_line = text.partition("\n")[0]  # the others can quote the row
        with suppress(Error), transaction.atomic(using=partitions.alias):
            partitions.note_failure(consumer, self.seen.head, first_line)


def missing(code: Code, found: Collection[str]) -> list[Consumer]:
    """Return the newest version of each consumer without checkpoints."""
    newest = {each.name: each for _, each in sorted(code.items()) if each.name not in found}
    return [each for each in newest.values() if each.partitions]
