"""Look at every aggregate: what no change data capture has seen is found, too."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from cqrs.adoption.adapter import Adapter, adapters
from cqrs.adoption.adopting import Looked
from cqrs.adoption.busy import look_past_busy
from cqrs.adoption.parking import all_rows_parked

CHUNK = 1_000

# Rows without a stream were inserted outside, streams without a row were deleted.
_NEXT = """
(SELECT {key} FROM {table} WHERE {key} {beyond} %s ORDER BY {key} LIMIT %s)
UNION
(SELECT DISTINCT stream_id FROM cqrs_event WHERE stream_type = %s AND stream_id {beyond} %s
 ORDER BY stream_id LIMIT %s)
ORDER BY 1 LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Scanned:
    """One chunk of a scan. `busy` were locked for too long: look at them again."""

    stream_type: str
    aggregates: int
    looked: Looked
    busy: frozenset[UUID] = frozenset()


def scan(*, accept_held: bool = False) -> Iterator[Scanned]:
    """Look at all aggregates, in chunks; yield what each has found. Stop or repeat it at will."""
    for adapter in adapters().values():
        is_in_order, before = True, all_rows_parked(adapter.stream_type)
        for ids in _chunks(adapter):
            found = look_past_busy(adapter.stream_type, ids, accept_held=accept_held)
            is_in_order &= not (found.busy or found.looked.parked or found.looked.newer)
            yield Scanned(adapter.stream_type, len(ids), found.looked, found.busy)
        if is_in_order:
            before.delete()  # each row was looked at since


def _chunks(adapter: Adapter[Any]) -> Iterator[Sequence[UUID]]:
    ids = _next(adapter, ">=", UUID(int=0))
    while ids:
        yield ids
        ids = _next(adapter, ">", ids[-1])


def _next(adapter: Adapter[Any], beyond: str, key: UUID) -> list[UUID]:
    meta, quoted = adapter.model._meta, connection.ops.quote_name
    table, column = quoted(meta.db_table), quoted(str(meta.pk.column))
    statement = _NEXT.format(table=table, key=column, beyond=beyond)
    with connection.cursor() as cursor:
        cursor.execute(statement, [key, CHUNK, adapter.stream_type, key, CHUNK, CHUNK])
        return [found for (found,) in cursor.fetchall()]
