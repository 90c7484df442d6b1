"""Read the log in the order of the positions."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connection

from cqrs.event_log.events import RecordedEvent, event_types
from cqrs.event_log.upcasters import NeedsNewerCode, upcast

Stream = tuple[str, UUID]
"""The type and the id of an aggregate."""

COLUMNS = """feed.position, feed.bucket, event.event_id, stream_type, stream_id, version, type,
       schema_version, data::text, metadata::text, occurred_at"""
"""The columns of a `RawEvent`, of `cqrs_feed AS feed` joined with `cqrs_event AS event`."""

_SELECT = f"""
SELECT {COLUMNS} FROM cqrs_feed AS feed JOIN cqrs_event AS event ON event.id = feed.event_id
"""  # noqa: S608
_WINDOW = f"""{_SELECT}
WHERE feed.position BETWEEN %s AND %s AND (feed.position IN (%s, %s)
      OR ((%s = 1 OR feed.bucket %% %s = %s)
          AND (%s::text[] IS NULL OR type = ANY(%s) OR stream_type = %s)))
ORDER BY feed.position
"""
_AT = f"{_SELECT} WHERE feed.position = ANY(%s) ORDER BY feed.position"

_PLACES = """
SELECT feed.position, event.event_id
FROM cqrs_feed AS feed JOIN cqrs_event AS event ON event.id = feed.event_id
WHERE feed.position = ANY(%s) AND feed.position <= (SELECT position FROM cqrs_feedhead)
"""
_WITH_ID = f"{_SELECT} WHERE event.event_id = %s"

_AGE = """
SELECT extract(epoch FROM clock_timestamp() - occurred_at)
FROM cqrs_feed AS feed JOIN cqrs_event AS event ON event.id = feed.event_id
WHERE feed.position > %s ORDER BY feed.position LIMIT 1
"""


class RawEvent(NamedTuple):
    """An event as stored: JSON unparsed and not upcast, because either may raise."""

    position: int
    bucket: int
    event_id: UUID
    stream_type: str
    stream_id: UUID
    version: int
    type: str
    schema_version: int
    data: str
    metadata: str
    occurred_at: datetime

    @property
    def stream(self) -> Stream:
        return self.stream_type, self.stream_id

    @property
    def needs_newer_code(self) -> bool:
        """Return whether it has a schema version that this build does not know."""
        known = event_types().get(self.type)
        return known is not None and self.schema_version > known.schema_version

    def upcast(self, *, late: bool = False) -> RecordedEvent:
        """Parse it and lift it to its latest shape.

        Raises `NeedsNewerCode`, and what an upcaster raises.
        """
        if self.needs_newer_code:
            raise NeedsNewerCode(self.type, self.schema_version)
        version, data = upcast(self.type, self.schema_version, orjson.loads(self.data))
        return self._recorded(version, data, late)

    def parse(self, *, late: bool = False) -> RecordedEvent:
        """Parse it in the shape that was stored."""
        return self._recorded(self.schema_version, orjson.loads(self.data), late)

    def _recorded(self, schema_version: int, data: dict[str, Any], late: bool) -> RecordedEvent:
        return RecordedEvent(
            self.position,
            self.event_id,
            self.stream_type,
            self.stream_id,
            self.version,
            self.type,
            schema_version,
            data,
            orjson.loads(self.metadata),
            self.occurred_at,
            late,
        )


def window(
    after: int,
    upto: int,
    *,
    partition: int = 0,
    partitions: int = 1,
    types: Sequence[str] | None = None,
    stream_type: str | None = None,
) -> list[RawEvent]:
    """Return the partition's events after `after` up to `upto`, and all that is at these two.

    With `types`, only those of these types and those of the streams of `stream_type`. The events at
    the two positions are there whatever they are: a consumer compares them and stores their ids.
    """
    wanted = None if types is None else list(types)
    chosen = [partitions, partitions, partition, wanted, wanted, stream_type]
    return _logged(_WINDOW, [after, upto, after, upto, *chosen])


def ids_at(positions: Collection[int]) -> dict[int, UUID]:
    """Return the ids of the events at these positions. One without an event is missing."""
    if not positions:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, [list(positions)])
        return dict(cursor.fetchall())


def at(positions: Sequence[int]) -> list[RawEvent]:
    """Return the events at these positions, in order."""
    return _logged(_AT, [list(positions)])


def with_id(event_id: UUID) -> RawEvent:
    """Return the event with this public id. Raises `LookupError` if the feed has none."""
    found = _logged(_WITH_ID, [event_id])
    if not found:
        raise LookupError(f"The feed has no event {event_id}")
    return found[0]


def read(
    after: int, limit: int, *, types: Sequence[str] | None = None
) -> tuple[list[RecordedEvent], int]:
    """Return the events in the next `limit` positions, and the last position that was read.

    The position equals `after` at the head of the feed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT least(position, %s) FROM cqrs_feedhead", [after + limit])
        upto = max(after, int(cursor.fetchone()[0]))
    found = window(after, upto, types=types) if upto > after else []
    events = [each for each in found if each.position > after]
    return [each.upcast() for each in events if types is None or each.type in types], upto


def waiting_s(after: int) -> float:
    """Return the age of the first event after `after`, in seconds; 0 without one."""
    with connection.cursor() as cursor:
        cursor.execute(_AGE, [after])
        row = cursor.fetchone()
        return max(0.0, float(row[0])) if row else 0.0


def _logged(sql: str, parameters: list[Any]) -> list[RawEvent]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [RawEvent._make(row) for row in cursor.fetchall()]
