"""Call a reaction for one event, with the actor and the trace of that event."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog

from cqrs.event_log import feed
from cqrs.event_log.events import RecordedEvent
from cqrs.messaging.context import SYSTEM, Context, use_context
from cqrs.messaging.tracing import Kind, span
from cqrs.reactions.reaction import Reaction

MAX_HOPS = 8

log = structlog.get_logger("cqrs.reactions")


class TooManyHops(Exception):
    """A chain of reactions, whose commands caused events with reactions, is too long."""

    def __init__(self, hops: int) -> None:
        super().__init__(f"{hops} reactions in a row; the limit is {MAX_HOPS}")


def react_to(reaction: Reaction, event_id: UUID) -> None:
    """Read the event and react to it.

    Raises `NeedsNewerCode`, `TooManyHops`, and whatever an upcaster or the reaction raises.
    """
    event = feed.with_id(event_id).upcast()
    # Another program can have written any JSON; reactions look things up in it.
    event = event if isinstance(event.metadata, dict) else replace(event, metadata={})
    context = _context(event)
    if context.hops > MAX_HOPS:
        raise TooManyHops(context.hops)
    with use_context(context), span(reaction.name, Kind.CONSUMER, parent=context.traceparent):
        reaction.react(event)
        log.info("reacted", reaction=reaction.name, event_id=str(event_id))


def _context(event: RecordedEvent) -> Context:
    """Return the context of what the event causes. A value of the wrong type counts as missing."""

    def text(name: str) -> Any:
        value = event.metadata.get(name)
        return value if isinstance(value, str) else None

    hops = event.metadata.get("hops")
    return Context(
        actor=text("actor") or SYSTEM,
        permissions=None,
        correlation_id=text("correlation_id") or event.event_id.hex,
        causation_id=str(event.event_id),
        traceparent=text("traceparent"),
        hops=(hops if isinstance(hops, int) else 0) + 1,
    )
