"""List the events that the log has lost and the read side still shows, before they are gone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db import connection
from django.db.models import Max

from cqrs.event_log.events import event_types
from cqrs.models import EventRecord
from cqrs.projections.models import ProjectionCheckpoint
from cqrs.projections.projection import Projection
from cqrs.projections.registry import homes, runner
from cqrs.reactions.registry import reactions

CHUNK = 5_000

# The log has given the version to another event when that came after the last that was applied.
_LOST = """
SELECT row.key, row.version, (
    SELECT coalesce(max(version), 0) FROM cqrs_event
    WHERE stream_id = row.key AND stream_type = %(type)s AND occurred_at <= %(until)s)
FROM unnest(%(keys)s::uuid[], %(versions)s::int[]) AS row(key, version) WHERE NOT EXISTS (
    SELECT FROM cqrs_event
    WHERE stream_id = row.key AND stream_type = %(type)s AND version = row.version
          AND occurred_at <= %(until)s)
"""


@dataclass(frozen=True, slots=True)
class LostEvents:
    """Events of one aggregate that the log has lost: those after `logged`, up to `shown`.

    `shown` is the version of the row. The log may have given these versions to other events since.
    `reactions` are those that handle events of such aggregates: they may have acted on the lost.
    """

    stream_type: str
    stream_id: str
    shown: int
    logged: int
    reactions: tuple[str, ...]

    def __str__(self) -> str:
        acted = f"; reactions: {', '.join(self.reactions)}" if self.reactions else ""
        return (
            f"{self.stream_type} {self.stream_id}: version {self.logged + 1} to {self.shown}{acted}"
        )


def lost_events(names: Sequence[str]) -> Iterator[LostEvents]:
    """Yield what the tables of these projections show, or have parked, and the log does not have.

    What several projections have parked comes several times.
    """
    for stream_type, home in homes().items():
        if home.name in names:
            yield from _of_home(stream_type, home)
    yield from _parked(names)


def _parked(names: Sequence[str]) -> Iterator[LostEvents]:
    """Yield the events that are parked: no row shows them, and nothing will apply them."""
    rows = list(runner.parking.rows(*names))
    there = EventRecord.objects.filter(event_id__in=[row.event_id for row in rows])
    known = {*there.values_list("event_id", flat=True)}
    for row in rows:
        if row.event_id not in known:
            acting = _acting_on(row.stream_type)
            yield LostEvents(
                row.stream_type, str(row.stream_id), row.version, row.version - 1, acting
            )


def _of_home(stream_type: str, home: Projection) -> Iterator[LostEvents]:
    rows = home.home_table.model._default_manager.using(runner.alias).order_by("pk")
    found = iter(rows.values_list("pk", "version").iterator(CHUNK))
    applied_until, acting = _applied_until(home.name), _acting_on(stream_type)
    while chunk := list(islice(found, CHUNK)):
        for key, shown, logged in _lost(stream_type, chunk, applied_until):
            yield LostEvents(stream_type, str(key), shown, logged, acting)


def _applied_until(name: str) -> datetime | None:
    """Return when the tables last followed the log: no event after that is in them."""
    checkpoints = ProjectionCheckpoint.objects.using(runner.alias).filter(consumer=name)
    found: datetime | None = checkpoints.aggregate(last=Max("updated_at"))["last"]
    return found


def _lost(
    stream_type: str, rows: Sequence[tuple[UUID, int]], until: datetime | None
) -> list[tuple[UUID, int, int]]:
    keys, versions = [key for key, _ in rows], [version for _, version in rows]
    parameters = {"type": stream_type, "keys": keys, "versions": versions, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(_LOST, parameters)
        found: list[tuple[UUID, int, int]] = cursor.fetchall()
        return found


def _acting_on(stream_type: str) -> tuple[str, ...]:
    types = event_types()
    return tuple(
        each.name for each in reactions() if types[each.event_type].stream_type == stream_type
    )
