"""What a projection has changed, said so that other processes understand it.

A change is named by the ids that its events name: of the customer, the order, the product. Whoever
keeps an answer says which of them can change it, or that any can.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from cqrs.consumers.applier import Consumer
from cqrs.event_log.events import RecordedEvent
from cqrs.projections.registry import projection_names

# A NOTIFY takes 8,000 bytes. A batch that names more ids comes from a worker that catches up.
MAX_IDS = 200
ANY = "any"


@dataclass(frozen=True, slots=True)
class Change:
    """`ids` are None when anything in the projection's tables may have changed."""

    projection: str
    ids: frozenset[str] | None = None

    @classmethod
    def by(cls, consumer: Consumer, events: Sequence[RecordedEvent]) -> Self | None:
        """Return what the events have changed; None if nobody reads what the consumer writes."""
        if consumer.name not in projection_names():
            return None
        ids = _named_in(events) if events else None
        return cls(consumer.name, ids if ids and len(ids) <= MAX_IDS else None)

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the change that a text says."""
        projection, *ids = text.split()
        return cls(projection, frozenset(ids) or None)

    def __str__(self) -> str:
        return " ".join([self.projection, *(self.ids or ())])

    @property
    def invalidation_keys(self) -> list[str]:
        """Return the keys of all answers that it makes old."""
        if self.ids is None:
            return [self.projection]
        return [f"{self.projection} {name}" for name in (ANY, *self.ids)]


def invalidation_keys(projection: str, changed_by: UUID | None) -> tuple[str, str]:
    """Return the keys of an answer: a change with one of them makes it old."""
    return projection, f"{projection} {ANY if changed_by is None else changed_by}"


def projection_of(key: str) -> str:
    """Return the key of everything that a change with this key is a part of."""
    return key.partition(" ")[0]


def _named_in(events: Sequence[RecordedEvent]) -> frozenset[str]:
    return frozenset(
        value
        for event in events
        for name, value in event.data.items()
        if name.endswith("_id") and isinstance(value, str)
    )
