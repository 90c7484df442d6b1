"""What the capturing processes say of themselves: a row on `replica`, which every process reads."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from cqrs.conf import conf
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.projections.models import CaptureState

SILENT_S = 30.0
WRITE_S = 1.0


class State(StrEnum):
    """How the capturing of changes stands."""

    STARTING = "starting"
    RUNNING = "running"
    FAILING = "failing"
    """It is tried again, with pauses; the reason says why."""
    STOPPED = "stopped"
    SILENT = "silent"
    """It says that it runs or starts, and has handled nothing, not even a heartbeat."""


class StateKeeper:
    """Writes the row of one source, at most once a second unless the state changes."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._changes = 0
        self._captured_at: datetime | None = None
        self._written_at: datetime | None = None
        self._state: tuple[str, str] | None = None

    def enter(self, state: State, reason: str = "") -> None:
        """Say how it stands; nothing when it stands so already."""
        if self._state == (state, reason):
            return
        CaptureState.objects.update_or_create(
            source=self.source, defaults={"state": state, "reason": reason, "since": timezone.now()}
        )
        self._state = (state, reason)

    def handled(self, count: int, captured: Iterable[datetime]) -> None:
        """Count handled records, and remember when the newest change was committed."""
        self._changes += count
        self._captured_at = max((*captured, *filter(None, [self._captured_at])), default=None)
        now = timezone.now()
        if self._written_at and now - self._written_at < timedelta(seconds=WRITE_S):
            return
        # With the state: another process of a group may have said that it was stopped.
        fields: dict[str, Any] = {"state": State.RUNNING, "reason": "", "heard_at": now}
        if self._captured_at:
            fields["captured_at"] = self._captured_at
        self._mine().update(**fields, changes=F("changes") + self._changes)
        self._written_at, self._changes = now, 0

    def is_scan_due(self) -> bool:
        return self._mine().filter(scan_due=True).exists()

    def set_scan_due(self, is_due: bool) -> None:
        self._mine().update(scan_due=is_due)

    def _mine(self) -> QuerySet[CaptureState]:
        return CaptureState.objects.using(PROJECTION_ALIAS).filter(source=self.source)


def silent_after_s() -> float:
    """Return for how long nothing may come, heartbeats included."""
    return max(SILENT_S, 3 * conf().CDC_HEARTBEAT_S)


def current_state(found: CaptureState) -> State:
    """Return the state: `silent` when a process that says that it runs or starts is not heard."""
    if found.state not in (State.STARTING, State.RUNNING):
        return State(found.state)
    heard_at = found.heard_at if found.state == State.RUNNING else None
    last = max(filter(None, [heard_at, found.since]))
    is_silent = timezone.now() - last > timedelta(seconds=silent_after_s())
    return State.SILENT if is_silent else State(found.state)
