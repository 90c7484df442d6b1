"""Run a source of changes until it is stopped: whatever fails is tried again, with pauses."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from django.db import Error

from cqrs.cdc.changes import Record, committed_at
from cqrs.cdc.due import DueLooks
from cqrs.cdc.handling import ChangeHandler
from cqrs.cdc.states import State, StateKeeper
from cqrs.database.sessions import sessions_dropped_after_failure
from cqrs.messaging.error_text import error_text

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
HEALTHY_S = 10.0

log = structlog.get_logger("cqrs.cdc")

Handle = Callable[[Sequence[Record]], None]
Missed = Callable[[], None]


class Source(Protocol):
    """Where changes come from. Each batch is committed there after `handle` has returned."""

    name: str

    def run(self, handle: Handle, missed: Missed, stop: threading.Event) -> None:
        """Return after `stop` is set, and raise what failed otherwise.

        `missed` is called when changes may have been missed, before what follows is handled.
        """


class Capture:
    """Passes the batches of a source to a handler, and says how that goes."""

    def __init__(
        self,
        source: Source,
        handler: ChangeHandler,
        stop: threading.Event,
        due: DueLooks,
    ) -> None:
        self.source, self.handler, self.stop, self.due = source, handler, stop, due
        self.state = StateKeeper(source.name)

    def run(self) -> None:
        """Run until `stop` is set."""
        pauses = _pauses()
        while not self.stop.is_set():
            started = time.monotonic()
            self._say(State.STARTING)
            try:
                with sessions_dropped_after_failure():
                    self.source.run(self.handle, self.due.changes_missed, self.stop)
            except Exception as error:  # noqa: BLE001  tried again, and said in the state
                if time.monotonic() - started > HEALTHY_S:
                    pauses = _pauses()
                self._fail(error, next(pauses))
        self._say(State.STOPPED)

    def handle(self, records: Sequence[Record]) -> None:
        """Handle a batch, again and again while a database is away. Raises once stopped."""
        pauses = _pauses()
        while True:
            try:
                with sessions_dropped_after_failure():
                    self.handler.handle(records)
                break
            except Exception as error:
                if self.stop.is_set():
                    raise
                self._fail(error, next(pauses))
        self._say(State.RUNNING)
        with suppress(Error):
            self.state.handled(len(records), filter(None, map(committed_at, records)))
        with suppress(Error):
            self.due.start(self.handler.look_at)

    def _fail(self, error: Exception, pause_s: float) -> None:
        reason = error_text(error)
        log.error("capture_failing", source=self.source.name, reason=reason, pause_s=pause_s)
        self._say(State.FAILING, reason)
        self.stop.wait(pause_s)

    def _say(self, state: State, reason: str = "") -> None:
        with suppress(Error):  # it is information, and its database may be what is away
            self.state.enter(state, reason)


def _pauses() -> Iterator[float]:
    pause_s = FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
