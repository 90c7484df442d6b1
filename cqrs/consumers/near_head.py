"""Near the head, one round brings the partitions of all consumers to it."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from cqrs.consumers.consumer import Consumer
from cqrs.consumers.parking import Parking
from cqrs.consumers.partitions import PartitionCheckpoint, Partitions
from cqrs.consumers.parts import Part
from cqrs.consumers.round import Round
from cqrs.consumers.windows import own_part, shared_window
from cqrs.event_log.feed import RawEvent, Stream
from cqrs.event_log.sequencer import Seen

Code = Mapping[tuple[str, int], Consumer]
"""The consumers by name and version: a checkpoint's version selects the code that folds."""


class NearHeadRound(Round):
    """Advances what is free and at `near` or later; then the attributes say what is left.

    `alone` are partitions to advance on their own, `due` aggregates whose parked events are due for
    a retry, and `found` the names of the consumers that have checkpoints.
    """

    def __init__(
        self, partitions: Partitions, parking: Parking, code: Code, seen: Seen, near: int
    ) -> None:
        super().__init__(partitions, parking)
        self.code = code
        self.seen = seen
        self.near = near
        self.head = seen.head
        self.age_s = None if seen.has_pending else time.monotonic() - seen.read_at
        self.far: list[PartitionCheckpoint] = []
        self.due: list[tuple[Consumer, Stream]] = []
        self.found: set[str] = set()

    @property
    def alone(self) -> list[PartitionCheckpoint]:
        moves = [move for part in self.left for move in part.moves]
        return [*self.far, *(each for each, upto in moves if each.position < upto)]

    @property
    def is_level(self) -> bool:
        """Return whether everything is at the head."""
        reached = (upto for part in self.parts for _, upto in part.moves)
        return not self.left and not self.far and all(upto >= self.head for upto in reached)

    def claim(self) -> list[Part]:
        claim = self.partitions.issue_claim(self.code.keys(), self.near)
        parked = self.parking.issue_streams({name for name, _ in self.code})
        claimed = self._claimed(claim.fetchall())
        blocked = self._blocked(parked.fetchall(), claimed)
        first = min((each.position for some in claimed.values() for each in some), default=0)
        window = shared_window(first, self.seen) if first < self.head else ()
        parts = [self._part(consumer, some, window) for consumer, some in claimed.items()]
        for part in parts:
            part.queue_blocked(blocked[part.consumer.name])
        return parts

    def _claimed(
        self, rows: Iterable[tuple[object, ...]]
    ) -> dict[Consumer, list[PartitionCheckpoint]]:
        """Return the claimed partitions by consumer, and note those that are far behind."""
        claimed = defaultdict[Consumer, list[PartitionCheckpoint]](list)
        for *values, is_mine in rows:
            checkpoint = PartitionCheckpoint(*values)  # type: ignore[arg-type]
            self.found.add(checkpoint.consumer)
            code = self.code.get((checkpoint.consumer, checkpoint.version))
            if code and is_mine:
                claimed[code].append(checkpoint)
            elif code and checkpoint.position < self.near:
                self.far.append(checkpoint)
        return claimed

    def _blocked(
        self,
        rows: Iterable[tuple[str, str, object, bool]],
        claimed: Iterable[Consumer],
    ) -> dict[str, set[Stream]]:
        """Return the streams with parked events by consumer, and note those that are due."""
        code = {consumer.name: consumer for consumer in claimed}
        found = defaultdict[str, set[Stream]](set)
        for name, kind, key, is_due in rows:
            stream: Stream = (kind, key)  # type: ignore[assignment]
            found[name].add(stream)
            if is_due and name in code:
                self.due.append((code[name], stream))
        return found

    def _part(
        self,
        consumer: Consumer,
        checkpoints: Sequence[PartitionCheckpoint],
        window: Sequence[RawEvent],
    ) -> Part:
        shares = [own_part(consumer, each, window, self.head) for each in checkpoints]
        # Another worker can have brought a partition past the head that this one has seen.
        moves = [
            (each, max(each.position, upto))
            for each, (_, upto) in zip(checkpoints, shares, strict=True)
        ]
        return Part(consumer, moves, sorted(event for events, _ in shares for event in events))
