"""The status as lines of text, for `cdc status` and `projections status`."""

from collections.abc import Iterator

from cqrs.cdc.slots import Slot
from cqrs.cdc.status import CaptureStatus, SourceStatus


def status_lines(found: CaptureStatus) -> Iterator[str]:
    """Yield a line for each source and one for the slot."""
    if not found.is_used:
        yield "change data capture: off"
        return
    for one in found.sources:
        yield f"change data capture ({one.source}): {_source(one)}"
    yield f"slot {found.name}: {_slot(found.slot) if found.slot else 'none'}"


def _source(one: SourceStatus) -> str:
    parts = [str(one.state)]
    if one.reason:
        parts.append(one.reason)
    if one.lag_seconds is not None:
        parts.append(f"newest change {one.lag_seconds:.1f} s old")
    parts.append(f"{one.changes:,} records")
    if one.scan_due:
        parts.append("rows are to be compared with the log")
    return ", ".join(parts)


def _slot(slot: Slot) -> str:
    reader = "read" if slot.active else "read by no process"
    return f"{reader}, {slot.lag:,} bytes behind, {slot.retained:,} bytes of WAL retained"
