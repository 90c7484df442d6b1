"""Split an event that changes several rows, or rows of other aggregates.

`fold` decides by a row's position whether an event is in it, so an event can change a row only
once: everything that it changes in one row must be in one part.
"""

from dataclasses import replace
from typing import Any

from cqrs.event_log.events import RecordedEvent


def event_for_row(event: RecordedEvent, row: str, **data: Any) -> RecordedEvent:
    """Return the part of an event that concerns one row: the data, with the row's key as `id`."""
    return replace(event, data={"id": row, **data})
