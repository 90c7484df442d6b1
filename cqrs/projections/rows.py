"""Rows of read models in memory, and the fold that puts events into them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cqrs.event_log.events import RecordedEvent

RowState = dict[str, Any]
"""What a row says, as the JSON document that queries answer with."""
Handler = Callable[[RowState | None, RecordedEvent], RowState]
"""Takes a row's state, None where there is no row, and returns it with the event in it."""


class MissingRow(LookupError):
    """An event changes a row that no earlier event made: the log or a projection has a hole."""

    def __init__(self, event: RecordedEvent) -> None:
        super().__init__(f"{event.type} at position {event.position} finds no row")


@dataclass(slots=True)
class Row:
    """A read row, with the events up to `position` folded into it.

    `stored_text` is the search text of the row as it was loaded; None for a new row.
    """

    state: RowState
    position: int
    stored_text: str | None = None


def keys_of(events: Iterable[RecordedEvent], types: Collection[str], key: str) -> list[str]:
    """Return the rows that events of these types touch, each once."""
    return list({event.data[key]: None for event in events if event.type in types})


def fold(
    events: Iterable[RecordedEvent], handlers: Mapping[str, Handler], key: str, rows: dict[str, Row]
) -> dict[str, Row]:
    """Fold the events that have a handler into the rows, in their order; return what changed.

    `key` is the field of the event that names the row. An event at or before a row's position is in
    the row already and is passed over, so applying a batch again changes nothing. A late event was
    parked, so it is not in the row, whatever the position says.
    """
    changed: dict[str, Row] = {}
    for event in events:
        handler = handlers.get(event.type)
        if handler is None:
            continue
        row_key = event.data[key]
        row = rows.get(row_key)
        if row is None:
            row = rows[row_key] = Row(handler(None, event), event.position)
        elif event.position > row.position or event.late:
            row.state = handler(row.state, event)
            row.position = max(row.position, event.position)
        else:
            continue
        changed[row_key] = row
    return changed
