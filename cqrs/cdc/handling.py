"""Do what a batch of captured changes asks for: wake the projections, look at rows, park.

A batch can come again, in another order or from two processes: a look changes nothing where all
fits, and projections go by positions.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from uuid import UUID

import structlog

from cqrs.cdc.changes import (
    Change,
    EventStored,
    NotGuessed,
    PoisonRecord,
    Record,
    RowChanged,
    Watched,
    read_change,
)
from cqrs.database.outages import DatabaseUnavailable
from cqrs.database.sqlstates import Blame, blame

Look = Callable[[str, Collection[UUID]], object]
Park = Callable[[str, UUID | None, str], object]

log = structlog.get_logger("cqrs.cdc")


class ChangeHandler:
    """Handles batches. `wake` is called for stored events before any look, which may wait."""

    def __init__(
        self, watched: Watched, *, wake: Callable[[], None], look: Look, park: Park
    ) -> None:
        self.watched, self.wake, self._look, self._park = watched, wake, look, park

    def handle(self, records: Sequence[Record]) -> None:
        """Return when the offsets of these records may be committed.

        A record or row that fails is parked, and the others go on. Raises what a database that is
        away raises: the batch has to come again.
        """
        changes = [change for record in records if (change := self._read(record))]
        if any(isinstance(change, EventStored) for change in changes):
            self.wake()
        for change in changes:
            if isinstance(change, NotGuessed):
                self._set_aside(change)  # before the looks, which leave what is parked alone
        for stream_type, ids in _by_stream(changes).items():
            self.look_at(stream_type, ids)

    def look_at(self, stream_type: str, ids: Collection[UUID]) -> None:
        """Look at these aggregates; park the one whose look fails, and go on with the others."""
        try:
            self._look(stream_type, ids)
        except Exception as error:
            if isinstance(error, DatabaseUnavailable) or blame(error) is not Blame.EVENT:
                raise
            if len(ids) > 1:
                for one in ids:
                    self.look_at(stream_type, [one])
                return
            log.exception("look_failed", stream_type=stream_type)
            reason = f"looking at it failed: {type(error).__name__}"
            self._set_aside(NotGuessed(stream_type, next(iter(ids)), reason))

    def _read(self, record: Record) -> Change | None:
        try:
            return read_change(record, self.watched)
        except PoisonRecord as error:
            table = record.topic.rpartition(".")[2]
            log.error("poison_record", topic=record.topic, reason=str(error))
            if table not in self.watched:
                return None
            return NotGuessed(self.watched[table][0], None, f"a change was not understood: {error}")

    def _set_aside(self, found: NotGuessed) -> None:
        log.warning("change_parked", stream_type=found.stream_type, reason=found.reason)
        self._park(found.stream_type, found.stream_id, found.reason)


def _by_stream(changes: Iterable[Change]) -> dict[str, set[UUID]]:
    found: dict[str, set[UUID]] = defaultdict(set)
    for change in changes:
        if isinstance(change, RowChanged):
            found[change.stream_type].update(change.ids)
    return found
