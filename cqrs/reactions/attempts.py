"""Run a reaction for one event, and schedule the next attempt after a failure."""

from datetime import timedelta
from typing import Protocol

import structlog
from django.db import transaction
from django.utils import timezone

from cqrs.event_log.events import RecordedEvent
from cqrs.messaging.context import SYSTEM, Context, use_context
from cqrs.models import ReactionFailure

# The delays double up to an hour: an event is parked when it has failed for about two hours.
ATTEMPTS = 14
FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 3600.0
MAX_HOPS = 8

log = structlog.get_logger("cqrs.reactions")


class Reaction(Protocol):
    """One effect of one event type. Named by what it does.

    >>> from uuid import UUID
    >>> class NotifyReader:
    ...     name = "notify_reader"
    ...     event_type = "library.book_lent"
    ...     def react(self, event):
    ...         print("mail", event.data["reader"], "with Message-ID", event.event_id.int)
    >>> REACTIONS = (NotifyReader(),)

    A table in `settings.CQRS["REACTIONS"]` names it. The runner calls it for each such event:

    >>> REACTIONS[0].react(RecordedEvent(
    ...     position=1, event_id=UUID(int=5), stream_type="book", stream_id=UUID(int=7), version=2,
    ...     type="library.book_lent", schema_version=1, data={"reader": "Ada"}, metadata={},
    ...     occurred_at=timezone.now()))
    mail Ada with Message-ID 5
    """

    name: str
    event_type: str  # a wire name

    def react(self, event: RecordedEvent) -> None:
        """Cause the effect. Called again with the same event after a failure."""


class TooManyHops(Exception):
    """A chain of reactions, whose commands caused events with reactions, is too long."""

    def __init__(self, hops: int) -> None:
        super().__init__(f"{hops} reactions in a row; the limit is {MAX_HOPS}")


def attempt(reaction: Reaction, event: RecordedEvent) -> Exception | None:
    """React in a savepoint, with the actor of the event; return the error, or None."""
    context = _context(event)
    try:
        if context.hops > MAX_HOPS:
            raise TooManyHops(context.hops)
        with use_context(context), transaction.atomic():
            reaction.react(event)
    except Exception as error:  # noqa: BLE001  no error may stop the other events
        return error
    log.info(
        "reacted",
        reaction=reaction.name,
        event_id=str(event.event_id),
        correlation_id=context.correlation_id,
        traceparent=context.traceparent,
    )
    return None


def postpone(failure: ReactionFailure, error: Exception) -> None:
    """Store the failure with the time of the next attempt; after the last one it is parked."""
    failure.attempts += 1
    failure.error = f"{type(error).__name__}: {error}"[:1000].replace("\0", "")
    parked = failure.attempts >= ATTEMPTS or isinstance(error, TooManyHops)
    delay_s = min(FIRST_DELAY_S * 2 ** (failure.attempts - 1), LONGEST_DELAY_S)
    failure.retry_at = None if parked else timezone.now() + timedelta(seconds=delay_s)
    failure.save()
    log.warning(
        "reaction_parked" if parked else "reaction_postponed",
        reaction=failure.reaction,
        event_id=str(failure.event_id),
        attempts=failure.attempts,
        error=type(error).__name__,
    )


def _context(event: RecordedEvent) -> Context:
    metadata = event.metadata
    return Context(
        actor=metadata.get("actor", SYSTEM),
        permissions=None,
        correlation_id=metadata["correlation_id"],
        causation_id=str(event.event_id),
        traceparent=metadata.get("traceparent"),
        hops=metadata.get("hops", 0) + 1,
    )
