"""Near the head, one round brings the partitions of all consumers to it."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from cqrs.consumers.ahead import is_ahead
from cqrs.consumers.consumer import Consumer
from cqrs.consumers.parking import Parking
from cqrs.consumers.partitions import HEALING, PartitionCheckpoint, Partitions
from cqrs.consumers.parts import Part
from cqrs.consumers.round import Round
from cqrs.consumers.windows import ids_of, own_part, shared_window
from cqrs.database.pipelines import sync
from cqrs.event_log import feed
from cqrs.event_log.feed import RawEvent, Stream
from cqrs.event_log.sequencer import Seen

Code = Mapping[tuple[str, int], Consumer]
"""The consumers by name and version: a checkpoint's version selects the code that folds."""


class NearHeadRound(Round):
    """Advances what is free and at `near` or later; then the attributes say what is left.

    `alone` are partitions to advance on their own, `due` aggregates whose parked events are due for
    a retry, `found` the names of the consumers that have checkpoints, and `ahead` the partitions
    that are ahead of the log, which stay.
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
        self.ahead: list[PartitionCheckpoint] = []
        self.due: list[tuple[Consumer, Stream]] = []
        self.found: set[str] = set()

    @property
    def alone(self) -> list[PartitionCheckpoint]:
        moves = [move for part in self.left for move in part.moves]
        return [*self.far, *(each for each, upto in moves if each.position < upto.position)]

    @property
    def is_level(self) -> bool:
        """Return whether everything is at the head."""
        reached = (upto for part in self.parts for _, upto in part.moves)
        return (
            not self.left and not self.far and all(place.position >= self.head for place in reached)
        )

    def claim(self) -> list[Part]:
        claim = self.partitions.issue_claim(self.code.keys(), self.near)
        parked = self.parking.issue_streams({name for name, _ in self.code})
        claimed = self._claimed(claim.fetchall())
        positions = (each.position for some in claimed.values() for each in some)
        first = min(positions, default=self.head)
        if has_work := first < self.head:
            sync(self.partitions.alias)
        window = shared_window(first, self.seen) if has_work else ()
        ids = {**self.seen.ids, **ids_of(window)}
        claimed = self._following(claimed, ids)
        blocked = self._blocked(parked.fetchall(), claimed)
        parts = [self._part(consumer, some, window, ids) for consumer, some in claimed.items()]
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
            if checkpoint.event_id == HEALING:
                continue
            if code and is_mine:
                claimed[code].append(checkpoint)
            elif code and checkpoint.position < self.near:
                self.far.append(checkpoint)
        return claimed

    def _following(
        self, claimed: Mapping[Consumer, Sequence[PartitionCheckpoint]], ids: Mapping[int, UUID]
    ) -> dict[Consumer, list[PartitionCheckpoint]]:
        """Return the partitions without those that are ahead of the log, which it notes."""
        every = [each for some in claimed.values() for each in some]
        # Another worker can have brought them past the head that this one has seen.
        beyond = [each for each in every if each.position > self.head]
        known = {**ids, **(feed.ids_at({each.position for each in beyond}) if beyond else {})}
        self.ahead = [each for each in every if is_ahead(each, known.get(each.position))]
        found = {
            consumer: [each for each in some if each not in self.ahead]
            for consumer, some in claimed.items()
        }
        return {consumer: some for consumer, some in found.items() if some}

    def _blocked(
        self,
        rows: Iterable[tuple[str, str, object, bool]],
        claimed: Iterable[Consumer],
    ) -> dict[str, set[Stream]]:
        """Return the streams with parked events by consumer, and note those that are due.

        Nothing is retried of a consumer that is ahead of the log: its pointers may be wrong.
        """
        code = {consumer.name: consumer for consumer in claimed}
        for each in self.ahead:
            code.pop(each.consumer, None)
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
        ids: Mapping[int, UUID],
    ) -> Part:
        shares = [own_part(consumer, each, window, self.head, ids) for each in checkpoints]
        moves = [(each, place) for each, (_, place) in zip(checkpoints, shares, strict=True)]
        return Part(consumer, moves, sorted(event for events, _ in shares for event in events))
