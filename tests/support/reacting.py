"""Short ways to let reactions run, on events that real commands caused."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from cqrs.event_log import sequencer
from cqrs.event_log.events import RecordedEvent
from cqrs.models import ReactionCheckpoint, ReactionWork
from cqrs.reactions import executor
from cqrs.reactions.handover import hand_over
from cqrs.reactions.reaction import Effect, Reaction
from cqrs.reactions.registry import reactions
from customers.events import CustomerRegistered


@dataclass
class Recorder(Reaction):
    """A reaction that notes what it is asked to do, and then does what the test wants."""

    name: str = "recorder"
    event_type: str = CustomerRegistered.wire_name
    effect: Effect = Effect.EXTERNAL
    deadline_s: float = 60.0
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


def handed_over() -> tuple[int, int]:
    """Give positions to what is there, and hand it over to the reactions."""
    sequencer.sequence()
    return hand_over_now()


def hand_over_now() -> tuple[int, int]:
    """Hand over in a transaction of its own; return the external and the transactional rows."""
    with transaction.atomic(), hand_over() as cursor:
        external, transactional = cursor.fetchone()
    return external, transactional


def run(reaction: Reaction) -> int:
    """Hand over what is there, and let the reaction run until it has nothing to do."""
    handed_over()
    return executor.run(reaction)


def deployed(name: str) -> Reaction:
    return next(each for each in reactions() if each.name == name)


def position(name: str = "recorder") -> int:
    return ReactionCheckpoint.objects.get(consumer=name).position


def failures() -> list[str]:
    """Return the stored errors in the order of the feed."""
    rows = ReactionWork.objects.exclude(error="").order_by("position", "reaction")
    return list(rows.values_list("error", flat=True))


def make_due(**which: Any) -> None:
    """Let the time pass until the rows are due again."""
    past = timezone.now() - timedelta(seconds=1)
    ReactionWork.objects.filter(due_at__isnull=False, **which).update(due_at=past)
