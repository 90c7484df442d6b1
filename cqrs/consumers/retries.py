"""Retry parked events: by themselves when they are due, or when an operator asks for it."""

from collections.abc import Callable, Sequence

from django.db import transaction

from cqrs.consumers.applier import Applier, Consumer
from cqrs.consumers.partitions import Partitions
from cqrs.event_log import feed
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.feed import Stream
from cqrs.models import AbstractParkedEvent


class Retries:
    """Retries the parked events of consumers whose effects are in one database.

    `announce` is called with what a retry has applied.
    """

    def __init__(
        self,
        partitions: Partitions,
        applier: Applier,
        announce: Callable[[Consumer, Sequence[RecordedEvent]], None],
    ) -> None:
        self.partitions = partitions
        self.applier = applier
        self.parking = applier.parking
        self.announce = announce

    def retry_due(self, *consumers: Consumer) -> None:
        """Retry the parked events of the consumers that are due."""
        by_name = {consumer.name: consumer for consumer in consumers}
        for name, stream in self.parking.due(by_name):
            self.retry(by_name[name], stream, only_if_due=True)

    def retry(self, consumer: Consumer, stream: Stream, *, only_if_due: bool = False) -> int:
        """Apply an aggregate's parked events in their order, up to one that fails again.

        Returns how many it applied.
        """
        with transaction.atomic(using=self.parking.alias):
            # The lock stops the runner: this aggregate's next events must come after the parked
            # ones.
            self.partitions.lock([consumer.name])
            parked = list(self.parking.of_stream(consumer.name, stream))
            # Another worker may have found it due as well, and retried it while this one waited.
            if only_if_due and not self.parking.is_due(parked):
                return 0
            applied = self._apply_in_order(consumer, parked)
        if applied:
            self.announce(consumer, applied)
        return len(applied)

    def retry_all(self, consumer: Consumer) -> int:
        """Retry every parked aggregate of the consumer; return how many events were applied.

        Repeats until nothing more can be applied, because an event may need the effect of another
        aggregate's event that is parked too and is retried later.
        """
        total = 0
        while applied := sum(self.retry(consumer, stream) for stream in self._streams(consumer)):
            total += applied
        return total

    def _apply_in_order(
        self, consumer: Consumer, parked: Sequence[AbstractParkedEvent]
    ) -> list[RecordedEvent]:
        applied: list[RecordedEvent] = []
        for row, event in zip(parked, feed.at([row.position for row in parked]), strict=True):
            stored = self.applier.attempt(consumer, [event], late=True)
            if isinstance(stored, Exception):
                self.parking.postpone(row, stored)
                break
            row.delete(using=self.parking.alias)
            applied += stored
        return applied

    def _streams(self, consumer: Consumer) -> list[Stream]:
        rows = self.parking.rows(consumer.name).values_list("stream_type", "stream_id")
        return list(dict.fromkeys(rows))
