"""How the capturing of changes stands: its processes, its slot, and what the slot costs."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from cqrs.cdc.slots import LOST, Slot, find_slot
from cqrs.cdc.states import State, current_state
from cqrs.conf import conf
from cqrs.database.aliases import READ_ALIAS
from cqrs.projections.models import CaptureState

BROKEN = (State.FAILING, State.SILENT)


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """What the processes of one source say.

    `lag_seconds` is the age of the newest change or heartbeat that they have handled: while
    nothing is written it stays below the interval of heartbeats.
    """

    source: str
    state: State
    reason: str
    since: datetime
    lag_seconds: float | None
    last_change_at: datetime | None
    changes: int
    scan_due: bool


@dataclass(frozen=True, slots=True)
class CaptureStatus:
    """The sources, and the slot on the server of `default`, None without one."""

    name: str
    slot: Slot | None
    sources: tuple[SourceStatus, ...]

    @property
    def is_used(self) -> bool:
        """Return whether there is anything to say."""
        return self.slot is not None or any(one.state != State.STOPPED for one in self.sources)

    @property
    def is_abandoned(self) -> bool:
        """Return whether the server keeps WAL for a slot that no process reads."""
        return self.slot is not None and not self.slot.active

    def complaints(self) -> list[str]:
        """Return what an operator has to look at."""
        found = [
            f"change data capture ({one.source}) is {one.state}: {one.reason or 'not heard'}"
            for one in self.sources
            if one.state in BROKEN
        ]
        if self.slot is None or self.slot.active:
            return found
        if self.slot.status == LOST:
            again = "`cdc run --source embedded` makes a new one"
            found.append(f"the slot {self.name} is lost; {again}")
        else:
            found.append(
                f"no process reads the slot {self.name}, for which the server keeps"
                f" {self.slot.retained:,} bytes of WAL: `cdc run`, or `cdc drop`"
            )
        return found

    def as_document(self) -> dict[str, Any]:
        document = asdict(self)
        return {**document, "abandoned": self.is_abandoned, "complaints": self.complaints()}


def capture_status() -> CaptureStatus:
    """Return the status. Asks both databases."""
    rows = CaptureState.objects.using(READ_ALIAS).order_by("source")
    return CaptureStatus(conf().CDC_NAME, find_slot(), tuple(_source(row) for row in rows))


def _source(row: CaptureState) -> SourceStatus:
    captured = row.captured_at
    lag_s = None if captured is None else (timezone.now() - captured).total_seconds()
    return SourceStatus(
        source=row.source,
        state=current_state(row),
        reason=row.reason,
        since=row.since,
        lag_seconds=None if lag_s is None else round(max(0.0, lag_s), 3),
        last_change_at=captured,
        changes=row.changes,
        scan_due=row.scan_due,
    )
