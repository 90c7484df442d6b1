"""Events that change rows which are not their own aggregate's, or several rows at once.

`fold` tells by a row's position what is in it already, so an event may change a row only once:
whatever it says of one row is put into one part.
"""

from dataclasses import replace
from typing import Any

from cqrs.event_log.events import RecordedEvent


def event_for_row(event: RecordedEvent, row: str, **said: Any) -> RecordedEvent:
    """Return what the event says of one row, as an event that names the row by `id`."""
    return replace(event, data={"id": row, **said})
