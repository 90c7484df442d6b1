"""Find the aggregates whose rows are not as the application left them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cqrs.adoption.adapter import Adapter
from cqrs.event_log.digests import UnknownDigest
from cqrs.event_log.outside import LastEvent, last_events


@dataclass(slots=True)
class Compared:
    """Rows, and the ends of their streams.

    `doubtful` lists the aggregates whose digest or version does not fit, and `newer` those that
    only a newer build can judge.
    """

    rows: dict[UUID, Any]
    last: dict[UUID, LastEvent]
    doubtful: list[UUID] = field(default_factory=list)
    newer: list[UUID] = field(default_factory=list)


def compare(
    adapter: Adapter[Any], ids: Sequence[UUID], *, lock: bool, model: Any = None
) -> Compared:
    """Compare the rows with their digests and with the ends of their streams.

    `lock` locks the rows first, in the order of the ids. Without it, what fits did so at this
    moment, and the rest is a suspicion.
    """
    rows = adapter.rows(model or adapter.model).order_by("pk")
    found = _read(adapter, rows.select_for_update() if lock else rows, ids)
    for key in ids:
        try:
            if not _agrees(adapter, found.rows.get(key), found.last.get(key)):
                found.doubtful.append(key)
        except UnknownDigest:
            found.newer.append(key)
    return found


def _read(adapter: Adapter[Any], rows: Any, ids: Sequence[UUID]) -> Compared:
    # The streams come second: the snapshot of a statement that waits for locks is older than them.
    found = Compared(
        {row.pk: row for row in rows.filter(pk__in=ids)}, last_events(adapter.stream_type, ids)
    )
    # What has events and no row can have been created between the two.
    created = {
        row.pk: row
        for row in rows.filter(pk__in=[key for key in _existing(found) if key not in found.rows])
    }
    if created:
        found.rows.update(created)
        found.last.update(last_events(adapter.stream_type, created))
    return found


def _existing(found: Compared) -> list[UUID]:
    """Return the aggregates that exist by their events."""
    return [key for key, last in found.last.items() if not last.is_deletion]


def _agrees(adapter: Adapter[Any], row: Any, last: LastEvent | None) -> bool:
    """Return whether row and log know the same version, and the row's digests fit.

    The version counts too: a row that was restored from a backup has a digest that fits.
    """
    if row is None or last is None or last.is_deletion:
        return row is None and (last is None or last.is_deletion)
    return bool(row.version == last.version) and adapter.is_unchanged(row)
