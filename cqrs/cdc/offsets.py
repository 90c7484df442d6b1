"""Bring Debezium's stored offset and the slot together before the engine starts.

They can disagree: a slot that was dropped or lost, one of another server after a restore, an offset
that was restored. What is missed then costs the projections nothing, because positions come from
the sequencer. Rows are compared with the log once, as after a first start.
"""

import json
from collections.abc import Callable

import structlog

from cqrs.cdc import publications, slots
from cqrs.cdc.changes import Watched
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.projections.models import ChangeOffset

log = structlog.get_logger("cqrs.cdc")


def prepare(watched: Watched, on_missed: Callable[[], None]) -> None:
    """Make publication and slot where they are missing, and both anew where they do not fit.

    `on_missed` is called before that, because changes are missed then; also if this process ends
    in the middle.
    """
    if reason := _why_unusable():
        log.warning("changes_may_be_missed", reason=reason)
        on_missed()
        forget()
        slots.drop_slot()
    publications.publish(watched)
    if slots.find_slot() is None:
        slots.create_slot()


def _why_unusable() -> str | None:
    slot, offset = slots.find_slot(), stored_offset()
    if slot is None:
        return "there was no slot"
    if not publications.has_publication():
        return "there was no publication"  # PostgreSQL looks for it at the time of each change
    if slot.status == slots.LOST:
        return "the server no longer has the WAL that the slot needs"
    if offset is not None and offset > slots.wal_end():
        return "the offset is ahead of the server's WAL"
    if offset is not None and slot.confirmed is not None and offset < slot.confirmed:
        return "the slot is ahead of the offset"
    return None


def forget() -> None:
    """Delete the stored offset: the engine then begins where the slot is."""
    ChangeOffset.objects.using(PROJECTION_ALIAS).all().delete()


def stored_offset() -> int | None:
    """Return the position in the WAL of the last change that was handled, None without one."""
    values = ChangeOffset.objects.using(PROJECTION_ALIAS).values_list("offset_val", flat=True)
    found = [_position(value) for value in values]
    return max(filter(None, found), default=None)


def _position(value: str | None) -> int | None:
    try:
        found = json.loads(value or "null")
        return int(found.get("lsn_commit") or found.get("lsn"))
    except (ValueError, TypeError, AttributeError):
        return None
