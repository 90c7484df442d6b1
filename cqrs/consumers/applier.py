"""Apply a batch of one consumer, and find the events in it that cannot be applied."""

from collections.abc import Sequence

from django.db import transaction

from cqrs.consumers.consumer import Consumer, apply, recorded
from cqrs.consumers.parking import Parking, is_caused_by_event
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.feed import RawEvent, Stream


class Applier:
    """Applies batches in the transaction that has claimed their partition."""

    def __init__(self, parking: Parking) -> None:
        self.parking = parking

    def apply_all(self, consumer: Consumer, events: list[RawEvent]) -> list[RecordedEvent]:
        """Apply the events; raises what one of them raises."""
        stored = [recorded(consumer, event) for event in events]
        if stored:
            apply(consumer.batch(stored), self.parking.alias)
        return stored

    def apply_or_park(self, consumer: Consumer, events: list[RawEvent]) -> list[RecordedEvent]:
        """Apply the events in order and park those that fail, which are found by halving."""
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
            consumer, self.park_blocked_streams(consumer, events[middle:])
        )

    def attempt(
        self, consumer: Consumer, events: Sequence[RawEvent], *, late: bool = False
    ) -> list[RecordedEvent] | Exception:
        """Apply the events under a savepoint; return the error if an event caused it.

        Raises every other error, such as an outage.
        """
        try:
            with transaction.atomic(using=self.parking.alias):
                stored = [recorded(consumer, event, late=late) for event in events]
                apply(consumer.batch(stored), self.parking.alias)
                return stored
        except Exception as error:
            if not is_caused_by_event(error):
                raise
            return error

    def park_skipped(self, consumer: Consumer, events: list[RawEvent]) -> list[RawEvent]:
        """Queue the events that the consumer skips and the later ones of their aggregates.

        Returns the others.
        """
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

    def park_blocked_streams(self, consumer: Consumer, events: list[RawEvent]) -> list[RawEvent]:
        """Queue the events whose aggregate has parked events, and return the others."""
        parked: set[Stream] = self.parking.streams([consumer.name])[consumer.name]
        self.parking.queue(consumer.name, [event for event in events if event.stream in parked])
        return [event for event in events if event.stream not in parked]
