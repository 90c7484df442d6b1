"""Django signals of the event log, for code that it must not import."""

from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.dispatch import Signal

from cqrs import metrics

log = structlog.get_logger("cqrs.signals")

event_published = Signal()
"""Sent in the writing transaction for each appended event, with `sender` (the event's class),
`event`, `event_id` and `aggregate`. A receiver that raises rolls the command back. A statement of a
receiver that fails aborts the transaction: run it in a savepoint."""

event_committed = Signal()
"""The same after the commit. A receiver that raises is logged and counted; the command and the
other receivers go on. Sent at most once: a process that dies after the commit does not send it. An
effect that must happen is a reaction."""

batches_written = Signal()
"""Sent before the commit of a transaction that has applied events, with `applied` (pairs of a
consumer and its events) and `using`. A receiver that raises rolls the transaction back; a statement
of it goes into the transaction's pipeline, so it must not wait for its result."""

batches_applied = Signal()
"""The same after the commit. The events are empty when a consumer's rows were replaced. A receiver
that raises is logged."""

# Django compares senders by identity: connect to each event class, not to a base class.


def announce(**event: Any) -> None:
    """Send `event_published` now and `event_committed` after the commit."""
    event_published.send(**event)
    if event_committed.has_listeners(event["sender"]):
        transaction.on_commit(partial(_send_committed, event), robust=True)


def announce_applied(applied: Any) -> None:
    """Send `batches_applied`."""
    for receiver, answer in batches_applied.send_robust(sender=None, applied=applied):
        if isinstance(answer, Exception):
            log.error("batches_applied_receiver_failed", receiver=repr(receiver), exc_info=answer)


def _send_committed(event: dict[str, Any]) -> None:
    for receiver, answer in event_committed.send_robust(**event):
        if isinstance(answer, Exception):
            name = event["sender"].__name__
            metrics.COMMITTED_FAILURES[name,].inc()
            log.error(
                "event_committed_receiver_failed",
                receiver=getattr(receiver, "__qualname__", repr(receiver)),
                event_type=name,
                event_id=str(event["event_id"]),
                exc_info=answer,
            )
