"""Parked events: a failed event is set aside with its aggregate, and all others are applied.

The failed event and the later ones of its aggregate are stored as pointers into the log. The failed
one is retried automatically, with growing delays. When its attempts are used up, it stays until an
operator retries or discards it.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import Any

import structlog
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet
from django.utils import timezone
from psycopg.errors import NotNullViolation

from cqrs.consumers.consumer import Consumer
from cqrs.database.cursors import array, server_cursor
from cqrs.database.sqlstates import Blame, blame
from cqrs.event_log.feed import RawEvent, Stream
from cqrs.event_log.personal_texts import personal_texts
from cqrs.event_log.upcasters import NeedsNewerCode
from cqrs.messaging.error_text import error_text
from cqrs.models import AbstractParkedEvent

ATTEMPTS = 6
FIRST_DELAY_S, GROWTH = 1.0, 4.0  # retried after 1, 4, 16, 64 and 256 seconds

log = structlog.get_logger("cqrs.parking")


def is_to_park(consumer: Consumer, error: Exception) -> bool:
    """Return whether to park the event that the consumer fails on.

    A missing table, a full disk or a lost connection must stop the consumer instead: parking one
    event does not help. The same if the table is of other code: a column without a value is one
    that this code does not know.
    """
    if blame(error) is not Blame.EVENT:
        return False
    cause = error.__cause__
    if isinstance(cause, NotNullViolation):
        return consumer.writes(str(cause.diag.table_name), str(cause.diag.column_name))
    return True


class Parking:
    """The parked events of consumers whose effects are in one database."""

    def __init__(self, model: type[AbstractParkedEvent], alias: str) -> None:
        self.model = model
        self.alias = alias

    def rows(self, *consumers: str) -> QuerySet[Any]:
        """Return the consumers' parked events in the order of the feed."""
        found = self.model._default_manager.using(self.alias).filter(consumer__in=consumers)
        return found.order_by("position")

    def of_stream(self, consumer: str, stream: Stream) -> QuerySet[Any]:
        """Return an aggregate's parked events in the order of the feed."""
        kind, key = stream
        return self.rows(consumer).filter(stream_type=kind, stream_id=key)

    def issue_streams(self, consumers: Collection[str]) -> CursorWrapper:
        """Issue a read of the aggregates that have parked events.

        A row is the consumer, the type and the id of the aggregate, and whether a retry is due.
        """
        cursor = server_cursor(self.alias)
        cursor.execute(
            "SELECT consumer, stream_type, stream_id, bool_or(coalesce(retry_at <= now(), false))"  # noqa: S608
            f" FROM {self.model._meta.db_table} WHERE consumer = ANY(%s::text[])"
            " GROUP BY consumer, stream_type, stream_id ORDER BY min(position)",
            [array(consumers)],
        )
        return cursor

    def is_due(self, parked: Sequence[Any]) -> bool:
        """Return whether one of these parked events is due for a retry."""
        now = timezone.now()
        return any(row.retry_at is not None and row.retry_at <= now for row in parked)

    def park(self, consumer: str, event: RawEvent, error: Exception) -> None:
        """Park an event that failed."""
        self.postpone(self._pointer(consumer, event), error, event)

    def queue(self, consumer: str, events: Iterable[RawEvent]) -> None:
        """Park events behind the failed one of their aggregate."""
        self.model._default_manager.using(self.alias).bulk_create(
            self._pointer(consumer, event) for event in events
        )

    def postpone(self, parked: Any, error: Exception, event: RawEvent) -> None:
        """Record the failure and the time of the next retry; after `ATTEMPTS` there is none.

        An event that needs newer code is due at once, for a build that has the code.
        """
        waits_for_code = isinstance(error, NeedsNewerCode)
        parked.attempts = 1 if waits_for_code else parked.attempts + 1
        parked.error = error_text(error, personal_texts(event))
        delay_s = FIRST_DELAY_S * GROWTH ** (parked.attempts - 1)
        delay_s = 0 if waits_for_code else delay_s
        given_up = parked.attempts >= ATTEMPTS
        parked.retry_at = None if given_up else timezone.now() + timedelta(seconds=delay_s)
        parked.save(using=self.alias)
        log.warning(
            "event_parked",
            consumer=parked.consumer,
            position=parked.position,
            event_id=str(parked.event_id),
            type=parked.type,
            attempts=parked.attempts,
            given_up=given_up,
            error=type(error).__name__,
        )

    def discard(self, rows: Sequence[Any]) -> None:
        """Delete parked events, and make the events that are queued behind them due at once."""
        for row in rows:
            row.delete(using=self.alias)
            log.warning("event_discarded", consumer=row.consumer, event_id=str(row.event_id))
        for row in rows:
            behind = self.of_stream(row.consumer, (row.stream_type, row.stream_id))
            if (first := behind.first()) is not None and not first.attempts:
                first.retry_at = timezone.now()
                first.save(using=self.alias)

    def _pointer(self, consumer: str, event: RawEvent) -> AbstractParkedEvent:
        return self.model(
            consumer=consumer,
            position=event.position,
            bucket=event.bucket,
            event_id=event.event_id,
            stream_type=event.stream_type,
            stream_id=event.stream_id,
            version=event.version,
            type=event.type,
            parked_at=timezone.now(),
        )
