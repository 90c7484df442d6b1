"""The texts of an event or a command that must not stand in errors."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import orjson

from cqrs.conf import cached_setting
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


@cached_setting
def personal_names() -> frozenset[str]:
    """Return the names of all fields that are personal in some event."""
    return frozenset[str]().union(*(event.personal for event in event_types().values()))


def personal_texts_in(payload: Mapping[str, Any]) -> set[str]:
    """Return the texts in those fields of a message that are personal in some event."""
    found = [value for name, value in payload.items() if name in personal_names()]
    return {text for text in _texts(found) if len(text) >= SHORTEST}


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
