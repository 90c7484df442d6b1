"""The phases of a projection's batch: what it loads, the fold, and what follows."""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from cqrs.database.statements import Statement
from cqrs.event_log.events import RecordedEvent
from cqrs.projections.rows import move_versions
from cqrs.projections.store import RowsByTable, Store, loaded

if TYPE_CHECKING:
    from cqrs.projections.projection import Projection


class ProjectedBatch:
    """Events that a projection folds into the rows of a store."""

    def __init__(
        self, projection: "Projection", store: Store, events: Sequence[RecordedEvent]
    ) -> None:
        self.projection = projection
        self.store = store
        self.events = events
        types = projection.types
        self.parts = [
            part for event in events if event.type in types for part in projection.split(event)
        ]
        # A home gets all events of its streams; these move the version of their row.
        self.others = [event for event in events if event.type not in types]
        self.changed: RowsByTable = {}

    def loads(self) -> list[Statement]:
        """Return the statements that load the rows that the events touch."""
        keys = dict(self.projection.keys(self.parts))
        if self.others:
            home = self.projection.home_table
            keys[home] = {*keys.get(home, ()), *(str(each.stream_id) for each in self.others)}
        self._loads = {table: self.store.loads(table, keys[table]) for table in keys}
        return [each for some in self._loads.values() for each in some]

    def fold(self, found: Sequence[Sequence[Any]]) -> list[Statement]:
        """Fold the events into the loaded rows; return the statements that write the changes."""
        results = iter(found)
        rows = {
            table: loaded(table, list(islice(results, len(some))))
            for table, some in self._loads.items()
        }
        changed = dict(self.projection.fold(self.parts, rows))
        if self.others:
            home = self.projection.home_table
            changed[home] = {**changed.get(home, {}), **move_versions(self.others, rows[home])}
        self.changed = changed
        return self.store.statements(changed)

    @property
    def has_follow_up(self) -> bool:
        return self.projection.has_follow_up(self.changed)

    def follow_up(self) -> None:
        """Let the projection write what follows."""
        self.projection.follow_up(self.changed, self.store)
