"""Retry parked events: by themselves when they are due, or when an operator asks for it.

What needs newer code stays due until a build with that code applies it. An older build must not
postpone it, or both would take turns by chance. So each process remembers what it cannot read.
"""

import time
from collections.abc import Sequence

from django.db import transaction

from cqrs.conf import cached_setting
from cqrs.consumers.ahead import ahead_of_log
from cqrs.consumers.announcements import announce
from cqrs.consumers.consumer import Consumer, apply, recorded
from cqrs.consumers.parking import Parking, is_to_park
from cqrs.consumers.partitions import Partitions
from cqrs.database.pipelines import set_lock_timeout
from cqrs.event_log import feed
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.feed import RawEvent, Stream
from cqrs.event_log.upcasters import NeedsNewerCode
from cqrs.models import AbstractParkedEvent

UNREADABLE_S = 10.0


@cached_setting
def _unreadable() -> dict[tuple[str, int, Stream], float]:
    """Return until when this process leaves aggregates alone, in `time.monotonic()`.

    By consumer, its version, and aggregate.
    """
    return {}


class Retries:
    """Retries the parked events of consumers whose effects are in one database."""

    def __init__(self, partitions: Partitions, parking: Parking, lock_timeout_ms: int = 0) -> None:
        self.partitions = partitions
        self.parking = parking
        self.lock_timeout_ms = lock_timeout_ms

    def retry(self, consumer: Consumer, stream: Stream, *, only_if_due: bool = False) -> int:
        """Apply an aggregate's parked events in their order, up to one that fails again.

        Returns how many it applied: none while the tables are of another version than the code, or
        ahead of the log.
        With `only_if_due`, passes over what this process has just found to need newer code, and
        waits up to `lock_timeout_ms` for each lock.
        """
        found = consumer.name, consumer.version, stream
        if only_if_due and _unreadable().get(found, 0) > time.monotonic():
            return 0
        _unreadable().pop(found, None)
        with transaction.atomic(using=self.parking.alias):
            if not self._stop_runner(consumer):
                return 0
            if only_if_due:
                set_lock_timeout(self.parking.alias, self.lock_timeout_ms)
            parked = list(self.parking.of_stream(consumer.name, stream))
            # Another worker may have found it due as well, and retried it while this one waited.
            if only_if_due and not self.parking.is_due(parked):
                return 0
            if applied := self._apply_in_order(consumer, parked):
                announce([(consumer, applied)], using=self.parking.alias)
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

    def _stop_runner(self, consumer: Consumer) -> bool:
        """Lock the consumer's partitions; return whether its tables are of the code's version, and
        not ahead of the log.

        An aggregate's next events must come after its parked ones.
        """
        locked = self.partitions.lock([consumer.name])
        return {each.version for each in locked} == {consumer.version} and not ahead_of_log(locked)

    def _apply_in_order(
        self, consumer: Consumer, parked: Sequence[AbstractParkedEvent]
    ) -> list[RecordedEvent]:
        applied: list[RecordedEvent] = []
        for row, event in zip(parked, feed.at([row.position for row in parked]), strict=True):
            stored = self._attempt(consumer, event)
            if isinstance(stored, Exception):
                if isinstance(stored, NeedsNewerCode):
                    key = consumer.name, consumer.version, event.stream
                    _unreadable()[key] = time.monotonic() + UNREADABLE_S
                self.parking.postpone(row, stored, event)
                break
            row.delete(using=self.parking.alias)
            applied.append(stored)
        return applied

    def _attempt(self, consumer: Consumer, event: RawEvent) -> RecordedEvent | Exception:
        """Apply the event under a savepoint; return the error if the event can have caused it."""
        try:
            with transaction.atomic(using=self.parking.alias):
                stored = recorded(consumer, event, late=True)
                apply(consumer.batch([stored]), self.parking.alias)
                return stored
        except Exception as error:
            if not is_to_park(consumer, error):
                raise
            return error

    def _streams(self, consumer: Consumer) -> list[Stream]:
        rows = self.parking.rows(consumer.name).values_list("stream_type", "stream_id")
        return list(dict.fromkeys(rows))
