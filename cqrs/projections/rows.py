"""Rows of read models in memory, and the fold of events into them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cqrs.event_log.events import RecordedEvent

RowState = dict[str, Any]
"""The content of a row, as the JSON document that queries answer with."""
Handler = Callable[[RowState | None, RecordedEvent], RowState | None]
"""Takes a row's state (None without a row) and an event; returns the state with its effect.

None deletes the row: its table must be declared `deletable`."""


class MissingRow(LookupError):
    """An event changes a row that no earlier event created: the log or the table has a gap."""

    def __init__(self, event: RecordedEvent) -> None:
        super().__init__(f"{event.type} at position {event.position} finds no row")


@dataclass(slots=True)
class Row:
    """A read row, with the events up to `position` folded into it.

    `stored_text` is the search text that is stored for the row; None for a new row. A row that was
    deleted by the event of `deleted_version` has its last state, or none if it was loaded so.
    `stored_bucket` is that of its stored tombstone; None without one. `is_stored` says that the row
    was loaded.
    """

    state: RowState
    position: int
    stored_text: str | None = None
    deleted_version: int | None = None
    stored_bucket: int | None = None
    is_stored: bool = field(default=False, compare=False)

    @property
    def is_deleted(self) -> bool:
        return self.deleted_version is not None

    def lacks(self, event: RecordedEvent) -> bool:
        """Return whether the event is not in the row: it comes after the row's position.

        A late event was parked: it is not in the row, even if the row's position is past it. A
        deleted row ignores it.
        """
        return event.position > self.position or (event.late and not self.is_deleted)

    def handle(self, handler: Handler, event: RecordedEvent) -> None:
        """Fold an event into the row.

        The position of a deleted row is that of the event that deleted it. A row is past a late
        event, and so might be its deletion past the event that makes the row again.
        """
        state = handler(None if self.is_deleted else self.state, event)
        if state is None:
            self.deleted_version, self.position = event.version, event.position
        else:
            self.deleted_version, self.state = None, state
            self.position = max(self.position, event.position)


Rows = dict[str, Row]
"""Rows of one table by their primary key."""


def keys_of(events: Iterable[RecordedEvent], types: Collection[str], key: str) -> list[str]:
    """Return the keys of the rows that events of these types touch, each once."""
    return list({event.data[key]: None for event in events if event.type in types})


def fold(
    events: Iterable[RecordedEvent], handlers: Mapping[str, Handler], key: str, rows: Rows
) -> Rows:
    """Fold the events that have a handler into the rows, in order; return the changed rows.

    `key` is the field of the event that names the row. An event that is in the row already is
    skipped, so applying a batch again changes nothing.
    """
    changed: Rows = {}
    for event in events:
        handler = handlers.get(event.type)
        if handler is None:
            continue
        row_key = event.data[key]
        row = rows.get(row_key)
        if row is None:
            state = handler(None, event)
            if state is None:
                continue
            row = rows[row_key] = Row(state, event.position)
        elif row.lacks(event):
            row.handle(handler, event)
        else:
            continue
        changed[row_key] = row
    return changed


def move_versions(events: Iterable[RecordedEvent], rows: Rows) -> Rows:
    """Give the aggregates' rows the version and the position of events without a handler.

    Returns the changed rows. An aggregate without a row has nothing to move.
    """
    changed: Rows = {}
    for event in events:
        key = str(event.stream_id)
        row = rows.get(key)
        if row is None or not row.lacks(event):
            continue
        if row.is_deleted:
            row.deleted_version = event.version
        else:
            row.state = {**row.state, "version": event.version}
        row.position = max(row.position, event.position)
        changed[key] = row
    return changed
