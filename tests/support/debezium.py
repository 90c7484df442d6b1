"""Debezium's engine over the databases of the tests, in this process but for its JVM."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connections

from cqrs.cdc import offsets, publications, slots
from cqrs.cdc.changes import HEARTBEATS, Record, Watched
from cqrs.cdc.embedded import EmbeddedSource
from tests.support.desk import wait_for
from tests.support.kernel_settings import cqrs

NAME = "captured"
START_S = 60.0


class Captured:
    """What the engine has sent so far."""

    def __init__(self, watched: Watched) -> None:
        self.records: list[Record] = []
        self.source = EmbeddedSource(watched)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Return when changes are captured from now on."""
        self._thread.start()
        wait_for(self._has_heartbeat, START_S)

    def of(self, table: str) -> list[Record]:
        return [each for each in list(self.records) if each.topic.endswith(f".public.{table}")]

    def wait_for(self, table: str, count: int) -> list[Record]:
        """Return the records of a table when there are as many."""
        wait_for(lambda: len(self.of(table)) >= count)
        return self.of(table)

    @property
    def heartbeats(self) -> list[Record]:
        return [each for each in list(self.records) if each.topic.startswith(HEARTBEATS)]

    def _has_heartbeat(self) -> bool:
        if self._error:
            raise self._error
        return bool(self.heartbeats)

    def _run(self) -> None:
        try:
            self.source.run(self._take, lambda: None, self._stop)
        except BaseException as error:  # noqa: BLE001  raised where the test waits
            self._error = error
        finally:
            connections.close_all()

    def _take(self, records: Sequence[Record]) -> None:
        self.records += records

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(START_S)


@contextmanager
def own_slot() -> Iterator[None]:
    """Let the engine capture the tests' databases, and leave nothing of it there."""
    own = {"CDC_DATABASE_URL": "", "CDC_OWNER_DATABASE_URL": ""}
    with cqrs(CDC_NAME=NAME, CDC_HEARTBEAT_S=0.5, **own):
        try:
            yield
        finally:
            slots.drop_slot()
            publications.drop_publication()
            offsets.forget()


@contextmanager
def running(watched: Watched) -> Iterator[Captured]:
    """Capture changes while the block runs, from where the slot is."""
    found = Captured(watched)
    try:
        found.start()
        yield found
    finally:
        found.stop()


@contextmanager
def captured(watched: Watched) -> Iterator[Captured]:
    """Capture changes while the block runs, with a slot for it alone."""
    with own_slot(), running(watched) as found:
        yield found
