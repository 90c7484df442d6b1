"""Understand Debezium's change events as far as a look needs it.

    read_change(Record("desk.public.cqrs_event", '{"id":7}', '{"op":"c", …}'), watched)

returns `EventStored()`. The values of a row are not used: under the default replica identity,
`before` holds made-up ones.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

Watched = Mapping[str, tuple[str, str]]
"""By database table: the stream type, and the column with the aggregate's id."""

EVENT_TABLE = "cqrs_event"
HEARTBEATS = "__debezium-heartbeat."
NEW_KEY, OLD_KEY = "__debezium.newkey", "__debezium.oldkey"
ROW_CHANGES = ("r", "c", "u", "d")
TRUNCATE, MESSAGE = "t", "m"


class Record(NamedTuple):
    """A change event as Debezium sends it: JSON texts, with or without their schema."""

    topic: str
    key: str | None
    value: str | None
    headers: Mapping[str, str] = {}


class PoisonRecord(Exception):
    """A record that cannot be understood; the text says why, without its values."""


@dataclass(frozen=True, slots=True)
class EventStored:
    """Events were inserted into the log."""


@dataclass(frozen=True, slots=True)
class RowChanged:
    """Rows of these aggregates were written, by the application or past it."""

    stream_type: str
    ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class NotGuessed:
    """What a person has to decide. Without an id it concerns every aggregate of the type."""

    stream_type: str
    stream_id: UUID | None
    reason: str


Change = EventStored | RowChanged | NotGuessed


def read_change(record: Record, watched: Watched) -> Change | None:
    """Return what the record says; None for heartbeats, tombstones and tables not watched.

    Raises `PoisonRecord`.
    """
    table = record.topic.rpartition(".")[2]
    if record.topic.startswith(HEARTBEATS) or record.value is None:
        return None
    if table != EVENT_TABLE and table not in watched:
        return None
    value = _payload(record.value, "value")
    operation = value.get("op")
    if operation == MESSAGE:
        return None
    if operation not in (*ROW_CHANGES, TRUNCATE):
        raise PoisonRecord(f"the operation {str(operation)[:20]!r} is not known")
    if table == EVENT_TABLE:
        return EventStored() if operation in ("r", "c") else None
    return _row_change(record, value, *watched[table])


def committed_at(record: Record) -> datetime | None:
    """Return when the change was committed, or the heartbeat sent; None where it does not say."""
    try:
        value = _payload(record.value or "{}", "value")
        source = value.get("source") or value
        return datetime.fromtimestamp(int(source["ts_ms"]) / 1000, UTC)
    except (PoisonRecord, KeyError, TypeError, ValueError, OverflowError):
        return None


def _row_change(record: Record, value: dict[str, Any], stream_type: str, column: str) -> Change:
    if value["op"] == TRUNCATE:
        return NotGuessed(stream_type, None, "its table was truncated")
    key = _payload(record.key, "key") if record.key is not None else {}
    is_own_key = set(key) == {column}
    ids = tuple(dict.fromkeys(_ids(key, value, column)))
    if not ids:
        raise PoisonRecord(f"it has no {column}")
    for header, what in ((NEW_KEY, "its key was changed"), (OLD_KEY, "it has another's key")):
        if is_own_key and header in record.headers:
            return NotGuessed(stream_type, ids[0], what)
    return RowChanged(stream_type, ids)


def _ids(key: Mapping[str, Any], value: Mapping[str, Any], column: str) -> Iterator[UUID]:
    """Yield the aggregate's id in the key; those in both states of a row whose key lacks it."""
    states = [key] if column in key else [value.get("before"), value.get("after")]
    for state in states:
        if isinstance(state, dict) and state.get(column) is not None:
            try:
                yield UUID(state[column])
            except (TypeError, ValueError, AttributeError) as error:
                raise PoisonRecord(f"its {column} is no UUID") from error


def _payload(text: str | None, part: str) -> dict[str, Any]:
    """Return the object, taken out of the envelope that has its schema beside it."""
    try:
        found = json.loads(text or "null")
    except ValueError as error:
        raise PoisonRecord(f"its {part} is no JSON") from error
    if isinstance(found, dict) and found.keys() == {"schema", "payload"}:
        found = found["payload"]
    if not isinstance(found, dict):
        raise PoisonRecord(f"its {part} is no object")
    return found
