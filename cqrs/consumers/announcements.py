"""Announce and log what a transaction has applied."""

from collections.abc import Sequence

import structlog
from django.db import transaction

from cqrs.consumers.consumer import Consumer
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.signals import announce_applied, batches_written

MAX_TRACED_EVENTS = 20  # events of a batch whose requests its log line names

log = structlog.get_logger("cqrs.consumers")

Applied = Sequence[tuple[Consumer, Sequence[RecordedEvent]]]
"""What a transaction has applied: each consumer with its events."""


def announce(applied: Applied, *, using: str) -> None:
    """Send `batches_written` now, and `batches_applied` after the commit, with a line in the log.

    Without an open transaction, both are sent at once.
    """
    if not applied:
        return
    batches_written.send(sender=None, applied=applied, using=using)
    transaction.on_commit(lambda: _committed(applied), using=using, robust=True)


def _committed(applied: Applied) -> None:
    announce_applied(applied)
    events = {event.position: event for _, some in applied for event in some}
    named = list(events.values())[:MAX_TRACED_EVENTS]
    log.info(
        "applied",
        consumers=[consumer.name for consumer, _ in applied],
        events=len(events),
        position=max(events, default=None),
        correlation_ids=_distinct("correlation_id", named),
        traceparents=_distinct("traceparent", named),
    )


def _distinct(name: str, events: Sequence[RecordedEvent]) -> list[str]:
    found = (event.metadata.get(name) for event in events)
    return list(dict.fromkeys(value for value in found if value))
