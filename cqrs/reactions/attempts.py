"""One attempt of a reaction at one event, and what becomes of an attempt that failed."""

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
    """One effect of one kind of event. Named by what it does."""

    name: str
    event_type: str  # a wire name

    def react(self, event: RecordedEvent) -> None:
        """Bring the effect about. May be called again with the same event after a failure."""


class TooManyHops(Exception):
    """Reactions send commands whose events cause reactions: this chain has become too long."""

    def __init__(self, hops: int) -> None:
        super().__init__(f"{hops} reactions in a row; the limit is {MAX_HOPS}")


def attempt(reaction: Reaction, event: RecordedEvent) -> Exception | None:
    """React under a savepoint, on behalf of whoever caused the event; return what went wrong."""
    context = _context(event)
    try:
        if context.hops > MAX_HOPS:
            raise TooManyHops(context.hops)
        with use_context(context), transaction.atomic():
            reaction.react(event)
    except Exception as error:  # noqa: BLE001  whatever it is, it must not stop the others
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
    """Note the failure, and when to try again: later each time, and in the end never (parked)."""
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
