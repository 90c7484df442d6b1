"""Applying a batch of events, and finding in it what cannot be applied."""

from collections.abc import Collection, Sequence
from typing import Protocol

from django.db import transaction

from cqrs.consumers.parking import Parking, is_the_events_fault
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.feed import RawEvent, Stream


class Consumer(Protocol):
    """What reads the feed. `apply` writes a batch's effects inside the runner's transaction.

    `types` are the wire names that it wants, `partitions` how many it begins with.
    """

    name: str
    version: int

    @property
    def partitions(self) -> int: ...

    @property
    def types(self) -> Collection[str]: ...

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        """Write the effects of the events, which come in feed order."""

    def skipped(self, events: Sequence[RawEvent]) -> Collection[int]:
        """Return the positions of events that are to be parked instead of applied."""


class Applier:
    """Applies batches in the transaction that holds their partition."""

    def __init__(self, parking: Parking) -> None:
        self.parking = parking

    def apply_all(self, consumer: Consumer, events: list[RawEvent]) -> list[RecordedEvent]:
        """Apply the events; raise what any of them raises."""
        stored = [event.upcast() for event in events]
        if stored:
            consumer.apply(stored)
        return stored

    def apply_or_park(self, consumer: Consumer, events: list[RawEvent]) -> list[RecordedEvent]:
        """Apply the events in order, parking what fails: halve until it is found."""
        if not events:
            return []
        stored = self.attempt(consumer, events)
        if not isinstance(stored, Exception):
            return stored
        if len(events) == 1:
            self.parking.park(consumer.name, events[0], stored)
            return []
        middle = len(events) // 2
        first = self.apply_or_park(consumer, events[:middle])
        return first + self.apply_or_park(
            consumer, self.without_blocked_streams(consumer, events[middle:])
        )

    def attempt(
        self, consumer: Consumer, events: Sequence[RawEvent], *, late: bool = False
    ) -> list[RecordedEvent] | Exception:
        """Apply the events under a savepoint; return what went wrong if that is their fault."""
        try:
            with transaction.atomic(using=self.parking.alias):
                stored = [event.upcast(late=late) for event in events]
                consumer.apply(stored)
                return stored
        except Exception as error:
            if not is_the_events_fault(error):
                raise
            return error

    def without_skipped(self, consumer: Consumer, events: list[RawEvent]) -> list[RawEvent]:
        """Queue the events that the consumer skips, with the later ones of their aggregates."""
        positions = consumer.skipped(events) if events else ()
        if not positions:
            return events
        blocked: set[Stream] = set()
        applied, queued = list[RawEvent](), list[RawEvent]()
        for event in events:
            if event.position in positions:
                blocked.add(event.stream)
            (queued if event.stream in blocked else applied).append(event)
        self.parking.queue(consumer.name, queued)
        return applied

    def without_blocked_streams(self, consumer: Consumer, events: list[RawEvent]) -> list[RawEvent]:
        """Queue the events whose aggregate has parked ones, and return the others."""
        parked: set[Stream] = self.parking.streams([consumer.name])[consumer.name]
        self.parking.queue(consumer.name, [event for event in events if event.stream in parked])
        return [event for event in events if event.stream not in parked]
