"""The state of aggregates by their events."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.db import connection

from cqrs.adoption.adapter import Adapter
from cqrs.event_log.events import Event, event_types
from cqrs.event_log.upcasters import upcast

RECENT = 100  # events: a product can have a million

log = structlog.get_logger("cqrs.adoption")

# The last of each type is enough: an event says what is there.
_LAST_OF_EACH_TYPE = """
SELECT event.stream_id, event.event_id, event.type, event.schema_version, event.data::text
FROM (
    SELECT stream_id, type, max(version) AS version
    FROM unnest(%s::uuid[]) AS wanted (id), LATERAL (
        SELECT stream_id, type, version FROM cqrs_event
        WHERE stream_type = %s AND stream_id = wanted.id ORDER BY version DESC LIMIT %s
    ) AS latest GROUP BY stream_id, type
) AS last JOIN cqrs_event AS event USING (stream_id, version)
WHERE event.stream_type = %s ORDER BY event.stream_id, event.version
"""


@dataclass(slots=True)
class Folded:
    """The states by the events; None for an aggregate that was deleted. Those without are missing.

    `newer` has the aggregates with events that only a newer build knows, which are left out.
    `unreadable` has those without a state because of an event that its class cannot read, and why.
    """

    states: dict[UUID, Any] = field(default_factory=dict)
    newer: set[UUID] = field(default_factory=set)
    unreadable: dict[UUID, str] = field(default_factory=dict)


class _Unreadable(Exception):
    """An event has data that its class, or an upcaster, does not take. Its text has no data."""


def folded(adapter: Adapter[Any], ids: Collection[UUID]) -> Folded:
    """Return the state of each aggregate by its events.

    The recent ones are enough if one of them says the whole state; else all of the stream count.
    """
    found = _folded(adapter, ids, RECENT)
    unclear = [key for key in {*found.states, *found.newer} if found.states.get(key) is None]
    whole = _folded(adapter, [key for key in unclear if key not in found.unreadable], None)
    return Folded(
        found.states | whole.states,
        found.newer | whole.newer,
        found.unreadable | whole.unreadable,
    )


def _folded(adapter: Adapter[Any], ids: Collection[UUID], limit: int | None) -> Folded:
    found = Folded()
    for stream_id, stored in _stored(adapter.stream_type, ids, limit):
        try:
            event = _parsed(*stored)
        except _Unreadable as reason:
            found.unreadable[stream_id] = str(reason)
            continue
        if event is None:
            found.newer.add(stream_id)
        else:
            found.states[stream_id] = adapter.fold(found.states.get(stream_id), event)
    for stream_id in found.unreadable:
        found.states.pop(stream_id, None)
    return found


def _stored(
    stream_type: str, ids: Collection[UUID], limit: int | None
) -> Iterator[tuple[UUID, tuple[UUID, str, int, str]]]:
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_LAST_OF_EACH_TYPE, [list(ids), stream_type, limit, stream_type])
        rows = cursor.fetchall()
    for stream_id, event_id, wire_name, schema_version, data in rows:
        yield stream_id, (event_id, wire_name, schema_version, data)


def _parsed(event_id: UUID, wire_name: str, schema_version: int, data: str) -> Event | None:
    """Return the event; None: only a newer build knows it. Raises `_Unreadable`."""
    known = event_types().get(wire_name)
    if known is None or schema_version > known.schema_version:
        return None
    try:
        _, latest = upcast(wire_name, schema_version, orjson.loads(data))
        return known.model_validate(latest)
    except Exception as error:  # an upcaster raises anything for data that it does not expect
        kind = type(error).__name__
        log.warning("event_unreadable", event_id=str(event_id), error=kind)
        raise _Unreadable(f"its event {event_id} ({wire_name}) cannot be read: {kind}") from error
