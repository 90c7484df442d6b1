"""Near the head, one transaction brings the partitions of all consumers to it.

Its statements go in a pipeline: the claim and the parked events, all loads, all writes with the
checkpoints. What fails in memory, has parked events in its way or much to follow up is left out and
advanced alone.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from django.db import Error

from cqrs.consumers.announcements import announce
from cqrs.consumers.consumer import Batch, Consumer, recorded
from cqrs.consumers.parking import Parking
from cqrs.consumers.partitions import PartitionCheckpoint, Partitions
from cqrs.consumers.windows import own_part, shared_window
from cqrs.database.pipelines import pipelined_transaction
from cqrs.database.statements import Selected, Statement, execute
from cqrs.event_log.feed import RawEvent, Stream
from cqrs.event_log.sequencer import Seen

# A table that is locked for longer is the matter of its own consumer alone.
LOCK_TIMEOUT_MS = 500

Code = Mapping[tuple[str, int], Consumer]
"""The consumers by name and version: a checkpoint's version selects the code that folds."""


@dataclass(slots=True)
class _Part:
    """The share of one consumer: its claimed partitions, and the position that each reaches."""

    consumer: Consumer
    moves: list[tuple[PartitionCheckpoint, int]]
    batch: Batch | None = None
    loads: Sequence[Statement] = ()
    writes: Sequence[Statement] = ()

    def start(self, events: list[RawEvent]) -> None:
        self.batch = self.consumer.batch([recorded(self.consumer, each) for each in events])
        self.loads = self.batch.loads()

    def fold(self, loaded: Sequence[Sequence[Any]]) -> None:
        if self.batch:
            self.writes = self.batch.fold(loaded)


class NearHeadRound:
    """Advances what is near the head; then the attributes say what is left.

    `alone` are partitions to advance on their own, `due` aggregates whose parked events are due for
    a retry, and `found` the names of the consumers that have checkpoints.
    """

    def __init__(self, partitions: Partitions, parking: Parking, code: Code, seen: Seen) -> None:
        self.partitions = partitions
        self.parking = parking
        self.code = code
        self.seen = seen
        self.alone: list[PartitionCheckpoint] = []
        self.due: list[tuple[Consumer, Stream]] = []
        self.found: set[str] = set()
        self.passed = 0
        self.is_level = False

    def run(self, near: int) -> None:
        """Claim what is at `near` or later, load, fold and write, in one transaction."""
        alias, names = self.partitions.alias, {name for name, _ in self.code}
        with pipelined_transaction(alias, lock_timeout_ms=LOCK_TIMEOUT_MS):
            claim = self.partitions.issue_claim(self.code.keys(), near)
            parked = self.parking.issue_streams(names)
            claimed = self._claimed(claim.fetchall(), near)
            parts = self._parts(claimed, self._parked(parked.fetchall(), claimed))
            parts = self._folded(parts)
            applied = [(each.consumer, each.batch.events) for each in parts if each.batch]
            self._write(parts, claimed)
            announce(applied, using=alias)
        self.is_level = not self.alone and self._reached(parts)

    def _claimed(self, rows: list[tuple[object, ...]], near: int) -> list[PartitionCheckpoint]:
        """Return the claimed partitions that this build has the code of."""
        claimed = []
        for *values, is_mine in rows:
            checkpoint = PartitionCheckpoint(*values)  # type: ignore[arg-type]
            self.found.add(checkpoint.consumer)
            if (checkpoint.consumer, checkpoint.version) not in self.code:
                continue
            if is_mine:
                claimed.append(checkpoint)
            elif checkpoint.position < near:
                self.alone.append(checkpoint)
        return claimed

    def _parked(
        self, rows: list[tuple[str, str, object, bool]], claimed: list[PartitionCheckpoint]
    ) -> dict[str, set[Stream]]:
        """Return the streams with parked events by consumer, and note those that are due."""
        versions = {each.consumer: each.version for each in claimed}
        found: dict[str, set[Stream]] = defaultdict(set)
        for name, kind, key, is_due in rows:
            stream: Stream = (kind, key)  # type: ignore[assignment]
            found[name].add(stream)
            if is_due and name in versions:
                self.due.append((self.code[name, versions[name]], stream))
        return found

    def _parts(
        self, claimed: list[PartitionCheckpoint], parked: Mapping[str, set[Stream]]
    ) -> list[_Part]:
        """Return the part of each consumer that is behind; leave out those that must go alone."""
        behind: dict[Consumer, list[PartitionCheckpoint]] = defaultdict(list)
        for each in claimed:
            if each.position < self.seen.head:
                behind[self.code[each.consumer, each.version]].append(each)
        if not behind:
            return []
        first = min(each.position for some in behind.values() for each in some)
        window = shared_window(first, self.seen)
        parts = []
        for consumer, checkpoints in behind.items():
            shares = [own_part(consumer, each, window, self.seen.head) for each in checkpoints]
            moves = [(each, upto) for each, (_, upto) in zip(checkpoints, shares, strict=True)]
            events = sorted(event for events, _ in shares for event in events)
            if any(event.stream in parked[consumer.name] for event in events):
                self.alone += checkpoints
            else:
                part = _Part(consumer, moves)
                if self._is_ready(part, events):
                    parts.append(part)
        return parts

    def _is_ready(self, part: _Part, events: list[RawEvent]) -> bool:
        """Give the part its batch; False if one of the events is wrong or skipped."""
        if not events:
            return True
        if part.consumer.skipped(events):
            return self._leaves(part)
        return self._succeeds(part, partial(part.start, events))

    def _folded(self, parts: list[_Part]) -> list[_Part]:
        """Load for all with one statement, and fold; return the parts that can be written."""
        loads = [load for part in parts for load in part.loads]
        rows = iter(Selected(self.partitions.alias, loads).rows())
        return [part for part in parts if self._folds(part, list(islice(rows, len(part.loads))))]

    def _folds(self, part: _Part, loaded: Sequence[Sequence[Any]]) -> bool:
        """Fold the part; False if it fails, or if others should not wait for what follows."""
        if part.batch is None:
            return True
        if not self._succeeds(part, partial(part.fold, loaded)):
            return False
        return not part.batch.has_follow_up or self._leaves(part)

    def _succeeds(self, part: _Part, phase: Callable[[], None]) -> bool:
        """Run a phase that writes nothing; False if an event of the part is wrong.

        After an error of the database, the pipeline is aborted: no part can go on.
        """
        try:
            phase()
        except Error:
            raise
        except Exception:  # noqa: BLE001  it shows again when the part is alone
            return self._leaves(part)
        return True

    def _leaves(self, part: _Part) -> bool:
        self.alone += [checkpoint for checkpoint, _ in part.moves]
        return False

    def _write(self, parts: list[_Part], claimed: list[PartitionCheckpoint]) -> None:
        """Write all together: the rows, and the checkpoints with the time of the look."""
        moves = [move for part in parts for move in part.moves]
        self.passed = sum(upto - checkpoint.position for checkpoint, upto in moves)
        level = [(each, each.position) for each in claimed if each.position >= self.seen.head]
        writes = [write for part in parts for write in part.writes]
        if moved := [*moves, *level]:
            age_s = None if self.seen.has_pending else time.monotonic() - self.seen.read_at
            writes.append(self.partitions.advance(moved, self.seen.head, age_s))
        execute(self.partitions.alias, writes)
        for part in parts:
            if part.batch:
                part.batch.follow_up()

    def _reached(self, parts: list[_Part]) -> bool:
        return all(upto == self.seen.head for part in parts for _, upto in part.moves)
