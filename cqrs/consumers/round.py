"""One transaction that advances partitions: claim, read, load, fold, write, save the checkpoints.

Its statements go in a pipeline: the claim and the parked events, all loads, all writes with the
checkpoints. So a round costs the same number of waits for one consumer and for all of them.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db import Error

from cqrs.consumers.announcements import announce
from cqrs.consumers.consumer import Batch, Consumer, recorded
from cqrs.consumers.parking import Parking
from cqrs.consumers.partitions import PartitionCheckpoint, Partitions
from cqrs.database.pipelines import pipelined_transaction
from cqrs.database.statements import Selected, Statement, execute
from cqrs.event_log.feed import RawEvent, Stream


@dataclass(slots=True)
class Part:
    """The share of one consumer: its claimed partitions, with the position that each reaches.

    `events` are applied; with their `failure` they are parked. `queued` are parked behind the
    failed one of their aggregate.
    """

    consumer: Consumer
    moves: Sequence[tuple[PartitionCheckpoint, int]]
    events: Sequence[RawEvent] = ()
    queued: Sequence[RawEvent] = ()
    batch: Batch | None = None
    loads: Sequence[Statement] = ()
    writes: Sequence[Statement] = ()
    failure: Exception | None = None

    def queue_blocked(self, blocked: Collection[Stream]) -> None:
        """Queue the events of blocked aggregates, and from each event on that is skipped."""
        skipped = self.consumer.skipped(self.events) if self.events else ()
        if not blocked and not skipped:
            return
        streams, events, queued = {*blocked}, list[RawEvent](), list[RawEvent]()
        for event in self.events:
            if event.position in skipped:
                streams.add(event.stream)
            (queued if event.stream in streams else events).append(event)
        self.events, self.queued = events, queued

    def start(self) -> bool:
        if self.events and not self.failure:
            self.batch = self.consumer.batch([recorded(self.consumer, e) for e in self.events])
            self.loads = self.batch.loads()
        return True

    def fold(self, loaded: Sequence[Sequence[Any]]) -> bool:
        """Fold; return whether other consumers can wait for what follows."""
        if self.batch is None:
            return True
        self.writes = self.batch.fold(loaded)
        return not self.batch.has_follow_up

    def park(self, parking: Parking) -> None:
        if self.failure:
            for event in self.events:
                parking.park(self.consumer.name, event, self.failure)
        if self.queued:
            parking.queue(self.consumer.name, self.queued)


class Round:
    """Advances partitions; then `parts` are those of the consumers that it has advanced.

    A part that fails in memory, or has much to follow up, leaves the round, unless it is the only
    one. `left` are those parts. `head` is that of the log, `age_s` ago, if that is known.
    """

    def __init__(self, partitions: Partitions, parking: Parking) -> None:
        self.partitions = partitions
        self.parking = parking
        self.parts: Sequence[Part] = ()
        self.left: list[Part] = []
        self.head = 0
        self.age_s: float | None = None

    @property
    def passed(self) -> int:
        """Return the number of positions, of all partitions."""
        return sum(upto - each.position for part in self.parts for each, upto in part.moves)

    def run(self, claim: Callable[[], Sequence[Part]], lock_timeout_ms: int = 0) -> None:
        """Run the transaction, with the parts that `claim` returns.

        Waits up to `lock_timeout_ms` for each lock; 0: without end.
        """
        with pipelined_transaction(self.partitions.alias, lock_timeout_ms=lock_timeout_ms):
            self.parts = claim()
            self._stay(Part.start)
            loads = [load for part in self.parts for load in part.loads]
            rows = iter(Selected(self.partitions.alias, loads).rows())
            self._stay(lambda part: part.fold(list(islice(rows, len(part.loads)))))
            self._write()

    def _stay(self, phase: Callable[[Part], bool]) -> None:
        """Run a phase that writes nothing; the parts stay for which it succeeds."""
        if len(self.parts) == 1:
            phase(self.parts[0])
            return
        self.parts = [part for part in self.parts if self._stays(part, phase)]

    def _stays(self, part: Part, phase: Callable[[Part], bool]) -> bool:
        try:
            stays = phase(part)
        except Error:
            raise  # the pipeline is aborted: no part can go on
        except Exception:  # noqa: BLE001  it shows again when the part is alone
            stays = False
        if not stays:
            self.left.append(part)
        return stays

    def _write(self) -> None:
        """Write all together: the rows, and the checkpoints with the time of the look."""
        alias = self.partitions.alias
        writes = [write for part in self.parts for write in part.writes]
        if moves := [move for part in self.parts for move in part.moves]:
            writes.append(self.partitions.advance(moves, self.head, self.age_s))
        execute(alias, writes)
        for part in self.parts:
            part.park(self.parking)
            if part.batch:
                part.batch.follow_up()
        applied = [(each.consumer, each.batch.events) for each in self.parts if each.batch]
        announce(applied, using=alias)
