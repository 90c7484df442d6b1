"""Reading the log in its order."""

from collections.abc import Sequence
from typing import Any

import orjson
from django.db import connection

from cqrs.events import StoredEvent
from cqrs.upcasters import upcast

_READ = """
SELECT feed.position, event.event_id, stream_type, stream_id, version, type, schema_version,
       data::text, metadata::text, occurred_at
FROM feed JOIN event ON event.id = feed.event_id
WHERE feed.position > %s AND feed.position <= %s AND (%s = 1 OR feed.bucket %% %s = %s)
      AND (%s::text[] IS NULL OR type = ANY(%s))
ORDER BY feed.position
"""

_AGE = """
SELECT extract(epoch FROM clock_timestamp() - occurred_at)
FROM feed JOIN event ON event.id = feed.event_id
WHERE feed.position > %s ORDER BY feed.position LIMIT 1
"""


def read(
    after: int,
    limit: int,
    *,
    partition: int = 0,
    partitions: int = 1,
    types: Sequence[str] | None = None,
) -> tuple[list[StoredEvent], int]:
    """Return the partition's events past `after`, of all types or some, and how far they reach.

    Looks at the next `limit` positions of the whole feed. The position returned is the last
    one looked at, so that a partition without events there still moves on; it equals `after`
    at the head of the feed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT least(position, %s) FROM feed_head", [after + limit])
        upto = max(after, int(cursor.fetchone()[0]))
        if upto == after:
            return [], after
        wanted = None if types is None else list(types)
        cursor.execute(_READ, [after, upto, partitions, partitions, partition, wanted, wanted])
        return [_stored(row) for row in cursor.fetchall()], upto


def waiting_s(after: int) -> float:
    """Return how long the first event past `after` has been there, in seconds; 0 if none is."""
    with connection.cursor() as cursor:
        cursor.execute(_AGE, [after])
        row = cursor.fetchone()
        return max(0.0, float(row[0])) if row else 0.0


def _stored(row: tuple[Any, ...]) -> StoredEvent:
    *head, wire_name, schema_version, data, metadata, occurred_at = row
    latest = upcast(wire_name, schema_version, orjson.loads(data))
    return StoredEvent(*(*head, wire_name, *latest, orjson.loads(metadata), occurred_at))
