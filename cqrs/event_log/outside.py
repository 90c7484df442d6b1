"""What the log says of an aggregate that something other than the application may have changed."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import DataError, connection

from cqrs.database.lock_waits import before_lock
from cqrs.database.locks import LockSpace, lock_key
from cqrs.database.outages import DatabaseUnavailable
from cqrs.models import EventRecord

IS_DELETION = "(metadata->>'origin' IS NOT DISTINCT FROM 'outside' AND data->'after' = 'null')"
"""SQL: whether an event of the log says that another program deleted the row."""

# LATERAL reads the end of each stream only, however long the stream is.
_LAST = f"""
LEFT JOIN LATERAL (
    SELECT version, {IS_DELETION} AS is_deletion FROM cqrs_event
    WHERE stream_type = %s AND stream_id = wanted.id ORDER BY version DESC LIMIT 1
) AS last ON true
"""  # noqa: S608
_OF_STREAMS = f"""
SELECT id, version, coalesce(is_deletion, false) FROM unnest(%s::uuid[]) AS wanted (id) {_LAST}
WHERE version IS NOT NULL
"""  # noqa: S608
_LOCK_NEW = f"""
SELECT pg_advisory_xact_lock(%s), coalesce(version, 0), coalesce(is_deletion, false)
FROM (SELECT %s::uuid AS id) AS wanted {_LAST}
"""  # noqa: S608


class ChangedOutside(DatabaseUnavailable):
    """Aggregates are not as the application left them. Nothing was written.

    The behavior `adoption` takes the changes into the log and runs the command again.
    """

    code = "busy"

    def __init__(self, streams: Mapping[str, Collection[UUID]]) -> None:
        super().__init__("Another program changes this at the moment: try again")
        self.streams = streams
        """Their ids, by stream type."""


@contextmanager
def reading(stream_type: str, stream_id: UUID) -> Iterator[None]:
    """Raise `ChangedOutside` for a value that cannot be read, such as a time of `infinity`."""
    try:
        yield
    except DataError as error:
        raise ChangedOutside({stream_type: [stream_id]}) from error


@dataclass(frozen=True, slots=True)
class LastEvent:
    """The end of an aggregate's stream; version 0: it has no events."""

    stream_type: str
    stream_id: UUID
    version: int
    is_deletion: bool

    def version_of_new(self) -> int:
        """Return the version of the aggregate if it is created now: it continues its stream.

        Raises `ChangedOutside` when the log knows of no deletion yet.
        """
        require_deletion(self)
        return self.version + 1

    def data(self) -> dict[str, Any]:
        """Return what the event holds; nothing when there is none."""
        found = EventRecord.objects.filter(
            stream_type=self.stream_type, stream_id=self.stream_id, version=self.version
        )
        return found.values_list("data", flat=True).first() or {}


def last_events(stream_type: str, ids: Collection[UUID]) -> dict[UUID, LastEvent]:
    """Return the end of each stream that has events."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_STREAMS, [list(ids), stream_type])
        return {key: LastEvent(stream_type, key, *rest) for key, *rest in cursor.fetchall()}


def lock_stream(stream_type: str, stream_id: UUID) -> LastEvent:
    """Take the advisory lock of an aggregate that is to be created, and return its stream's end.

    The end is as it was before the lock. If another transaction has created the aggregate in
    between, its row shows that: read it next.
    """
    before_lock(stream_id)
    key = lock_key(LockSpace.NEW_AGGREGATE, stream_type, str(stream_id))
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_NEW, [key, stream_id, stream_type])
        _, version, is_deletion = cursor.fetchone()
    return LastEvent(stream_type, stream_id, version, is_deletion)


def require_deletions(stream_type: str, ids: Collection[UUID]) -> None:
    """Raise `ChangedOutside` if the log has events of these missing rows, and no deletion."""
    if ids:
        require_deletion(*last_events(stream_type, ids).values())


def require_deletion(*missing: LastEvent) -> None:
    if lacking := [last for last in missing if last.version and not last.is_deletion]:
        raise ChangedOutside({lacking[0].stream_type: [last.stream_id for last in lacking]})
