"""Signs of life: a row for each worker and queue, for beat, and for the sweep of each queue.

A thread writes those of a process, every ten seconds. A sweep writes its own when it has reached
its end, so a task that hangs gives no sign although its worker does.
"""

import os
import socket
import threading
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import structlog
from django.db import Error, connections

from cqrs.database.aliases import WRITE_ALIAS
from cqrs.database.profiles import Profile, set_profile

EVERY_S = 10.0
ALIVE_S = 35.0
"""Three heartbeats may be late or lost before a process counts as gone."""
BEAT, SWEEP, WORKER = "beat", "sweep", "worker"

_BEAT = """
WITH gone AS (
    DELETE FROM cqrs_heartbeat
    WHERE beat_at < clock_timestamp() - interval '1 hour' AND name <> ALL(%(names)s)
)
INSERT INTO cqrs_heartbeat (kind, queue, name, started_at, beat_at)
SELECT kind, queue, name, clock_timestamp(), clock_timestamp()
FROM unnest(%(kinds)s::text[], %(queues)s::text[], %(names)s::text[]) AS new (kind, queue, name)
ON CONFLICT (kind, queue, name) DO UPDATE SET beat_at = excluded.beat_at
"""
_STOP = """
DELETE FROM cqrs_heartbeat USING unnest(%(kinds)s::text[], %(queues)s::text[], %(names)s::text[])
     AS old (kind, queue, name)
WHERE (cqrs_heartbeat.kind, cqrs_heartbeat.queue, cqrs_heartbeat.name)
    = (old.kind, old.queue, old.name)
"""
_ALL = """
SELECT kind, queue, name, extract(epoch FROM beat_at)::float8,
       greatest(0, extract(epoch FROM clock_timestamp() - beat_at))::float8
FROM cqrs_heartbeat ORDER BY kind, queue, name
"""

log = structlog.get_logger("cqrs.heartbeats")


class Sign(NamedTuple):
    """Whose heartbeat it is."""

    kind: str
    queue: str
    name: str


class Seen(NamedTuple):
    """A heartbeat as it is stored: `at` is a Unix time, `age_s` is by the database's clock."""

    sign: Sign
    at: float
    age_s: float

    @property
    def is_alive(self) -> bool:
        return self.age_s < ALIVE_S


class Heart:
    """Writes the heartbeats of this process in a thread of its own, until it is stopped."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._signs: set[Sign] = set()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_lost = False

    def start(self, kind: str, name: str, *queues: str) -> None:
        """Give a sign for each queue from now on; again is the same as once."""
        self._signs |= {Sign(kind, queue, name) for queue in queues or ("",)}
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End, and take the signs away: a worker that was stopped on purpose is not missing."""
        if self._thread is None:
            return
        self._stopping.set()
        self._thread.join(self._every_s)
        self._write(_STOP)

    def _run(self) -> None:
        set_profile(Profile.WORKER)
        while True:
            self._write(_BEAT)
            if self._stopping.wait(self._every_s):
                return

    def _write(self, statement: str) -> None:
        """Write, and close the connection; an outage is logged once."""
        try:
            _execute(statement, self._signs.copy())
        except Error as error:
            if not self._is_lost:
                log.warning("heartbeat_lost", reason=type(error.__cause__ or error).__name__)
            self._is_lost = True
        else:
            self._is_lost = False
        finally:
            connections[WRITE_ALIAS].close()


heart = Heart()
_swept_at: dict[str, float] = {}


def swept(queue: str) -> None:
    """Give the sign of a queue's sweep, at most every ten seconds in one process.

    It uses the caller's connection, outside any transaction; an outage is left to the next sweep.
    """
    now = time.monotonic()
    if now < _swept_at.get(queue, -EVERY_S) + EVERY_S:
        return
    _swept_at[queue] = now
    try:
        _execute(_BEAT, {Sign(SWEEP, queue, "")})
    except Error as error:
        log.warning("heartbeat_lost", reason=type(error.__cause__ or error).__name__)


def heartbeats() -> list[Seen]:
    """Return every stored heartbeat, those that are an hour old at most."""
    with connections[WRITE_ALIAS].cursor() as cursor:
        cursor.execute(_ALL)
        return [Seen(Sign(*row[:3]), *row[3:]) for row in cursor.fetchall()]


def process_name() -> str:
    """Return a name that no other process on any host has now."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _execute(statement: str, signs: Iterable[Sign]) -> None:
    kinds, queues, names = zip(*sorted(signs), strict=True)
    columns: dict[str, Any] = {"kinds": list(kinds), "queues": list(queues), "names": list(names)}
    with connections[WRITE_ALIAS].cursor() as cursor:
        cursor.execute(statement, columns)
