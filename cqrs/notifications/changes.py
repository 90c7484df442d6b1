"""Describe what a projection has changed, as a text that other processes can read.

A change lists the aggregates of its events, and the ids that the events have in fields named `…_id`
at the top of their data. A cached answer names the one id that can change it, or that any change
can.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from cqrs.consumers.consumer import Consumer
from cqrs.event_log.events import RecordedEvent
from cqrs.projections.registry import projection_names

# A NOTIFY takes 8,000 bytes. A batch with more ids comes from a worker that catches up.
MAX_IDS = 200
ANY = "any"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a projection's tables. Without `ids`, any row may have changed."""

    projection: str
    ids: frozenset[str] | None = None

    @classmethod
    def by(cls, consumer: Consumer, events: Sequence[RecordedEvent]) -> Self | None:
        """Return what the events have changed; None for a copy, which no query reads."""
        if consumer.name not in projection_names():
            return None
        ids = _ids_in(events) if events else None
        return cls(consumer.name, ids if ids and len(ids) <= MAX_IDS else None)

    @classmethod
    def read(cls, text: str) -> Self:
        """Parse an announced change."""
        projection, *ids = text.split()
        return cls(projection, frozenset(ids) or None)

    def __str__(self) -> str:
        return " ".join([self.projection, *(self.ids or ())])

    @property
    def invalidation_keys(self) -> list[str]:
        """Return the keys of all answers that it invalidates."""
        if self.ids is None:
            return [self.projection]
        return [f"{self.projection} {each}" for each in (ANY, *self.ids)]


def invalidation_keys(projection: str, changed_by: UUID | None) -> tuple[str, str]:
    """Return the keys of an answer: a change with one of them invalidates it."""
    return projection, f"{projection} {ANY if changed_by is None else changed_by}"


def projection_of(key: str) -> str:
    """Return the key of a change to all of the projection's tables."""
    return key.partition(" ")[0]


def _ids_in(events: Sequence[RecordedEvent]) -> frozenset[str]:
    found = {str(event.stream_id) for event in events}
    for event in events:
        for name, value in event.data.items():
            if name.endswith("_id") and isinstance(value, str):
                found.add(value)
    return frozenset(found)
