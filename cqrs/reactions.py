"""Reactions: effects outside the read models, such as mails, caused by events.

A reaction is a consumer of the feed with a checkpoint on `default`: a lost or rebuilt read database
must not send every mail again. It starts at the head when it is first deployed and is never
rebuilt. Effects happen at least once; the event's id is the key by which a receiver can tell a
repetition. A failing event steps aside and is tried again on its own, so that neither the events
behind it nor other reactions wait for it.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Protocol

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from cqrs import feed, sequencer
from cqrs.context import SYSTEM, Context, use_context
from cqrs.events import StoredEvent
from cqrs.models import ReactionCheckpoint, ReactionFailure

BATCH = 100
ATTEMPTS = 8
FIRST_DELAY_S = 1.0
MAX_HOPS = 8
IMPORTED = "import"

log = structlog.get_logger("cqrs.reactions")


class Reaction(Protocol):
    """One effect of one kind of event. Named by what it does."""

    name: str
    event_type: str  # a wire name

    def react(self, event: StoredEvent) -> None:
        """Bring the effect about. May be called again with the same event after a failure."""


class TooManyHops(Exception):
    """Reactions send commands whose events cause reactions: this chain has become too long."""

    def __init__(self, hops: int) -> None:
        super().__init__(f"{hops} reactions in a row; the limit is {MAX_HOPS}")


@cache
def reactions() -> Sequence[Reaction]:
    """Return every reaction, from the tables named in the settings."""
    return tuple(
        reaction for path in settings.CQRS["REACTIONS"] for reaction in import_string(path)
    )


def start_at_head() -> None:
    """Give each reaction that has none a checkpoint at the head of the feed."""
    sequencer.step()
    position = sequencer.head()
    ReactionCheckpoint.objects.bulk_create(
        [
            ReactionCheckpoint(
                consumer=reaction.name, version=1, partition=0, partitions=1, position=position
            )
            for reaction in reactions()
        ],
        ignore_conflicts=True,
    )


def run(reaction: Reaction) -> int:
    """React to everything new and to what is due again; return the number of attempts.

    Returns at once when another worker runs the same reaction.
    """
    total = 0
    while (attempts := _step(reaction)) is not None:
        total += attempts
    return total


@transaction.atomic
def _step(reaction: Reaction) -> int | None:
    """Attempt at most one event; None when there is nothing to do, or nothing for this worker."""
    checkpoint = (
        ReactionCheckpoint.objects.filter(consumer=reaction.name)
        .select_for_update(skip_locked=True)
        .first()
    )
    if checkpoint is None:
        return None
    due = ReactionFailure.objects.filter(
        reaction=reaction.name, retry_at__lte=timezone.now()
    ).first()
    if due is not None:
        _retry(reaction, due)
        return 1
    events, upto = feed.read(checkpoint.position, BATCH, types=[reaction.event_type])
    if upto == checkpoint.position:
        return None
    event = next((event for event in events if event.metadata.get("origin") != IMPORTED), None)
    if event is not None:
        upto = event.position
        if (error := _attempt(reaction, event)) is not None:
            failure = ReactionFailure(
                reaction=reaction.name, position=event.position, event_id=event.event_id
            )
            _postpone(failure, error)
    checkpoint.position = upto
    checkpoint.save(update_fields=["position", "updated_at"])
    return 0 if event is None else 1


def _retry(reaction: Reaction, failure: ReactionFailure) -> None:
    [event], _ = feed.read(failure.position - 1, 1)
    error = _attempt(reaction, event)
    if error is None:
        failure.delete()
    else:
        _postpone(failure, error)


def _attempt(reaction: Reaction, event: StoredEvent) -> Exception | None:
    """React under a savepoint, on behalf of whoever caused the event; return what went wrong."""
    metadata = event.metadata
    context = Context(
        actor=metadata.get("actor", SYSTEM),
        permissions=None,
        correlation_id=metadata["correlation_id"],
        causation_id=str(event.event_id),
        traceparent=metadata.get("traceparent"),
        hops=metadata.get("hops", 0) + 1,
    )
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


def _postpone(failure: ReactionFailure, error: Exception) -> None:
    """Note the failure, and when to try again: later each time, and in the end never (parked)."""
    failure.attempts += 1
    failure.error = f"{type(error).__name__}: {error}"[:1000]
    parked = failure.attempts >= ATTEMPTS or isinstance(error, TooManyHops)
    delay = timedelta(seconds=FIRST_DELAY_S * 2 ** (failure.attempts - 1))
    failure.retry_at = None if parked else timezone.now() + delay
    failure.save()
    log.warning(
        "reaction_parked" if parked else "reaction_postponed",
        reaction=failure.reaction,
        event_id=str(failure.event_id),
        attempts=failure.attempts,
        error=type(error).__name__,
    )
