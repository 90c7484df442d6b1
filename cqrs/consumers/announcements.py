"""Announce and log an applied batch."""

from collections.abc import Sequence
from functools import partial

import structlog
from django.db import transaction

from cqrs.consumers.applier import Consumer
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.signals import announce_applied

MAX_TRACED_EVENTS = 20  # events of a batch whose requests its log line names

log = structlog.get_logger("cqrs.consumers")


def announce_after_commit(
    sender: type, consumer: Consumer, events: Sequence[RecordedEvent], *, using: str
) -> None:
    """Send `batch_applied` after the commit, and log the requests whose trace ends here.

    Without an open transaction, the signal is sent at once.
    """
    announce = partial(announce_applied, sender=sender, consumer=consumer, events=events)
    transaction.on_commit(announce, using=using, robust=True)
    named = events[:MAX_TRACED_EVENTS]
    log.info(
        "applied",
        consumer=consumer.name,
        events=len(events),
        position=events[-1].position,
        correlation_ids=_distinct("correlation_id", named),
        traceparents=_distinct("traceparent", named),
    )


def _distinct(name: str, events: Sequence[RecordedEvent]) -> list[str]:
    found = (event.metadata.get(name) for event in events)
    return list(dict.fromkeys(value for value in found if value))
