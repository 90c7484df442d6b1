"""The seam between the event log and whoever wants to know of it."""

from collections import Counter
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.dispatch import Signal

log = structlog.get_logger("cqrs.signals")

event_published = Signal()
"""An event was appended. Sent in the writing transaction with `sender` (the event's class),
`event`, `event_id` and `aggregate`. A receiver that raises rolls the command back; a receiver
whose own query fails aborts the transaction, so open a savepoint around it."""

event_committed = Signal()
"""The same, after the commit. A receiver that raises is logged and counted, and harms nobody:
neither the command, which is done, nor the other receivers. It runs once at most: a process that
dies after the commit never sends it. What must not get lost belongs into a reaction."""

batch_applied = Signal()
"""A consumer has applied events, or rows of its were replaced: then `events` is empty. Sent after
the commit with `sender` (the runner's class), `consumer` and `events`. A receiver that raises is
logged and harms nobody."""

# Django matches senders exactly: connect to each event class, not to a base class of theirs.

committed_failures: Counter[str] = Counter()
"""How often a receiver of `event_committed` raised, by event class, since the process started.

Exported as `cqrs_event_committed_failures_total` (`cqrs/operations/metrics.py`)."""


def announce(**event: Any) -> None:
    """Send both signals of one event, each at its time."""
    event_published.send(**event)
    if event_committed.has_listeners(event["sender"]):
        transaction.on_commit(partial(_send_committed, event), robust=True)


def announce_applied(**batch: Any) -> None:
    """Send `batch_applied`."""
    for receiver, answer in batch_applied.send_robust(**batch):
        if isinstance(answer, Exception):
            log.error("batch_applied_receiver_failed", receiver=repr(receiver), exc_info=answer)


def _send_committed(event: dict[str, Any]) -> None:
    for receiver, answer in event_committed.send_robust(**event):
        if isinstance(answer, Exception):
            name = event["sender"].__name__
            committed_failures[name] += 1
            log.error(
                "event_committed_receiver_failed",
                receiver=getattr(receiver, "__qualname__", repr(receiver)),
                event_type=name,
                event_id=str(event["event_id"]),
                exc_info=answer,
            )
