"""The share of one consumer in a round: its partitions, its events, and the phases of its batch."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from cqrs.consumers.consumer import Batch, Consumer, recorded
from cqrs.consumers.parking import Parking
from cqrs.consumers.partitions import PartitionCheckpoint, Place
from cqrs.database.statements import Statement
from cqrs.event_log.feed import RawEvent, Stream


@dataclass(slots=True)
class Part:
    """The share of one consumer: its claimed partitions, with the place that each reaches.

    `events` are applied; with their `failure` they are parked. `queued` are parked behind the
    failed one of their aggregate.
    """

    consumer: Consumer
    moves: Sequence[tuple[PartitionCheckpoint, Place]]
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
