"""The statement that appends events to the log, with their rows in the outbox."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, connection

from cqrs.event_log.aggregates import Aggregate
from cqrs.event_log.epoch import EPOCH
from cqrs.event_log.outside import ChangedOutside
from cqrs.messaging.context import current_context

Changes = Sequence[tuple[Aggregate, Any]]
"""Each aggregate with its event."""

_INSERT = f"""
WITH inserted AS (
    INSERT INTO cqrs_event (event_id, stream_type, stream_id, version, type, schema_version,
                       data, metadata, occurred_at)
    SELECT event_id, stream_type, stream_id, version, type, schema_version,
           data, %s::jsonb, %s
    FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::int[], %s::text[], %s::int[],
                %s::jsonb[])
         WITH ORDINALITY AS new(event_id, stream_type, stream_id, version, type,
                                schema_version, data, place)
    ORDER BY place
    RETURNING id, event_id
)
INSERT INTO cqrs_pending (event_id, bucket)
SELECT inserted.id, new.bucket
FROM inserted JOIN unnest(%s::uuid[], %s::int[]) AS new(event_id, bucket) USING (event_id)
RETURNING pg_current_xact_id()::text, {EPOCH}
"""  # noqa: S608


def append(changes: Changes, ids: Sequence[UUID], buckets: Sequence[int]) -> tuple[str, int]:
    """Append the events in the order given; return the transaction's id and the log's epoch.

    Raises `ChangedOutside` when the log has such a version already: a row went back, as one does
    that was restored from a backup.
    """
    metadata = orjson.dumps(current_context().as_metadata()).decode()
    parameters: list[Any] = [metadata, datetime.now(UTC), ids, *_columns(changes), ids, buckets]
    try:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, parameters)
            transaction_id, epoch = cursor.fetchone()
    except IntegrityError as error:
        streams = _with_digests(changes)
        if not streams or "cqrs_event_stream_version" not in str(error):
            raise
        raise ChangedOutside(streams) from error
    return transaction_id, epoch


def _columns(changes: Changes) -> tuple[list[Any], ...]:
    return (
        [aggregate.stream_type for aggregate, _ in changes],
        [aggregate.stream_id for aggregate, _ in changes],
        [aggregate.version for aggregate, _ in changes],
        [event.wire_name for _, event in changes],
        [event.schema_version for _, event in changes],
        [event.model_dump_json() for _, event in changes],
    )


def _with_digests(changes: Changes) -> dict[str, list[UUID]]:
    streams: dict[str, list[UUID]] = {}
    for aggregate, _ in changes:
        if aggregate.digest_fields:
            streams.setdefault(aggregate.stream_type, []).append(aggregate.stream_id)
    return streams
