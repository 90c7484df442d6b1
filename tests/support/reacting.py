"""Short ways to let reactions run, on events that real commands caused."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cqrs.reactions.attempts import Reaction
from django.utils import timezone

from cqrs.event_log import sequencer
from cqrs.event_log.events import RecordedEvent
from cqrs.models import ReactionCheckpoint, ReactionFailure
from cqrs.reactions import reactions
from customers.events import CustomerRegistered


@dataclass
class Recorder:
    """A reaction that notes what it is asked to do, and then does what the test wants."""

    name: str = "recorder"
    event_type: str = CustomerRegistered.wire_name
    then: Callable[[RecordedEvent], object] = lambda _: None
    seen: list[RecordedEvent] = field(default_factory=list)

    def react(self, event: RecordedEvent) -> None:
        self.seen.append(event)
        self.then(event)

    @property
    def streams(self) -> list[Any]:
        return [event.stream_id for event in self.seen]


DEPLOYED: list[Reaction] = []
"""What the setting REACTIONS names while a test deploys its own."""


def configure(settings: Any, *others: Reaction) -> None:
    """Name these reactions in the settings instead of the product's own."""
    DEPLOYED[:] = others
    settings.CQRS = {**settings.CQRS, "REACTIONS": [f"{__name__}.DEPLOYED"]}


def run(reaction: Reaction) -> int:
    """Give positions to what is there, and let the reaction run until it has nothing to do."""
    sequencer.sequence()
    return reactions.run(reaction)


def deployed(name: str) -> Reaction:
    return next(each for each in reactions.reactions() if each.name == name)


def position(name: str = "recorder") -> int:
    return ReactionCheckpoint.objects.get(consumer=name).position


def make_due(**which: Any) -> None:
    """Let the time pass until the failures are due again."""
    past = timezone.now() - timedelta(seconds=1)
    ReactionFailure.objects.filter(retry_at__isnull=False, **which).update(retry_at=past)
