"""The texts of an event that must not stand in errors."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson

from cqrs.event_log import feed
from cqrs.event_log.events import event_types
from cqrs.event_log.feed import RawEvent

SHORTEST = 3
"""Shorter texts would hide parts of words."""


def personal_texts(event: RawEvent) -> set[str]:
    """Return the texts in its personal fields; of an event type that is not known, all texts."""
    known = event_types().get(event.type)
    try:
        data = orjson.loads(event.data)
    except orjson.JSONDecodeError:
        return {event.data}
    if known and isinstance(data, dict):
        data = [value for name, value in data.items() if name in known.personal]
    return {text for text in _texts(data) if len(text) >= SHORTEST}


def personal_texts_of(event_id: UUID) -> set[str]:
    """Read the event and return its `personal_texts`; none if it is gone from the log."""
    try:
        return personal_texts(feed.with_id(event_id))
    except LookupError:
        return set()


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _texts(each)
        case dict():
            yield from _texts([*value.values()])
