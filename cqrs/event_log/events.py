"""The base of all events, and `publish`, which appends them to the log."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction
from pydantic import BaseModel, ConfigDict

from cqrs import metrics
from cqrs.conf import cached_setting, conf, tables
from cqrs.database import commit_outcome
from cqrs.database.lock_waits import before_lock
from cqrs.event_log.aggregates import Aggregate
from cqrs.event_log.append import append
from cqrs.event_log.epoch import found_epoch
from cqrs.event_log.publishable import check_publishable
from cqrs.event_log.signals import announce
from cqrs.messaging.ids import uuid7

BUCKETS = 256


class Event(BaseModel):
    """Base of all events. `wire_name` and `schema_version` name its shape in the log for ever.

    A released shape never changes: a new one is a new `schema_version` with an upcaster.
    `stream_type` is that of the aggregate to whose stream it belongs. `personal` lists the fields
    that hold personal data.

    >>> class BookLent(Event):
    ...     wire_name: ClassVar[str] = "library.book_lent"
    ...     stream_type: ClassVar[str] = "book"
    ...     personal: ClassVar[frozenset[str]] = frozenset({"reader"})
    ...     reader: str
    >>> event = BookLent(reader="Ada")
    >>> event.wire_name, event.schema_version, event.model_dump_json()
    ('library.book_lent', 1, '{"reader":"Ada"}')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    wire_name: ClassVar[str]
    stream_type: ClassVar[str]
    schema_version: ClassVar[int] = 1
    personal: ClassVar[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as consumers get it, upcast to its latest shape. `position` counts from 1.

    `late` means that it was parked: the rows may already have the effects of later events.
    """

    position: int
    event_id: UUID
    stream_type: str
    stream_id: UUID
    version: int
    type: str
    schema_version: int
    data: dict[str, Any]
    metadata: dict[str, Any]
    occurred_at: datetime
    late: bool = False


@cached_setting
def event_types() -> Mapping[str, type[Event]]:
    """Return every event type by wire name, from the tables named in the settings."""
    found: dict[str, type[Event]] = {}
    for table in tables(conf().EVENTS):
        for event_type in table:
            if event_type.wire_name in found:
                raise ImproperlyConfigured(f"Two events are called {event_type.wire_name!r}")
            found[event_type.wire_name] = event_type
    return found


_IS_STORED = "SELECT 1 FROM cqrs_event WHERE event_id = %s"


def publish(*changes: tuple[Aggregate, Event]) -> None:
    """Append events to the log, in the order given, inside the open transaction on `default`.

    Pass aggregates that are already locked, and the command's own aggregate last: then the ids of
    one aggregate's events have the order of its versions. Sends `event_published` for each, in the
    transaction: a receiver that raises rolls the command back. Raises `UnpublishableEvent`
    before it writes, for an event that no consumer would handle, and `ChangedOutside` when the log
    has the version already: the row went back, as one does that was restored from a backup.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("publish() needs the open transaction that changed the aggregate")
    types = event_types()
    for aggregate, event in changes:
        check_publishable(event, aggregate, types.get(event.wire_name))
    ids = [uuid7() for _ in changes]
    buckets = [bucket_of(aggregate.partition_key) for aggregate, _ in changes]
    before_lock("event log")
    transaction_id, epoch = append(changes, ids, buckets)
    commit_outcome.add_witness(transaction_id, _IS_STORED, (ids[-1],))
    found_epoch(epoch)
    for event_id, (aggregate, event) in zip(ids, changes, strict=True):
        announce(sender=type(event), event=event, event_id=event_id, aggregate=aggregate)
    transaction.on_commit(partial(_count, [type(event) for _, event in changes]), robust=True)


def _count(committed: Sequence[type[Event]]) -> None:
    for event_type in committed:
        metrics.EVENTS[event_type.__name__,].inc()


def bucket_of(partition_key: UUID) -> int:
    """Return the key's bucket, 0-255, by CRC-32: the stored buckets depend on it."""
    return zlib.crc32(partition_key.bytes) % BUCKETS
