"""Project in a thread of its own, so that looks do not wait for projections, nor the reverse.

A captured insert asks for it. It also happens every second: what Debezium loses costs no more.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from django.db import connections

from cqrs.database.profiles import Profile, set_profile

SWEEP_S = 1.0
STOP_S = 30.0
PAUSE_AFTER_FAILURE_S = 1.0

log = structlog.get_logger("cqrs.cdc")


class ProjectingThread:
    """Calls `project` after each `wake`, once for all that ask meanwhile."""

    def __init__(self, project: Callable[[], object], sweep_s: float = SWEEP_S) -> None:
        self._project, self._sweep_s = project, sweep_s
        self._asked, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="projecting", daemon=True)

    def wake(self) -> None:
        """Ask for it. Returns at once."""
        self._asked.set()

    @contextmanager
    def running(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            self._asked.set()
            self._thread.join(STOP_S)

    def _run(self) -> None:
        set_profile(Profile.WORKER)
        try:
            while not self._stopping.is_set():
                self._asked.wait(self._sweep_s)
                self._asked.clear()
                self._project_once()
        finally:
            connections.close_all()

    def _project_once(self) -> None:
        try:
            self._project()
        except Exception:
            log.exception("projecting_failed")
            self._stopping.wait(PAUSE_AFTER_FAILURE_S)
