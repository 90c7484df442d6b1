"""Circuit breaker: skip a server for a while after it failed.

Without it, every request would wait for the time-out of a server that is down.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import OperationalError

from cqrs import metrics

PAUSE_S = 5.0
DATABASE_PAUSE_S, CONNECTING_S = 1.0, 3.0
TOO_MANY = ("too many", "remaining connection slots")


class Breaker:
    """The state of one server, for one purpose: closed while it answers, else open.

    `trial_s` is how long one trial may take: meanwhile no other one begins.
    """

    def __init__(
        self, *failures: type[Exception], pause_s: float = PAUSE_S, trial_s: float | None = None
    ) -> None:
        self.failures = failures
        self.pause_s = pause_s
        self.trial_s = pause_s if trial_s is None else trial_s
        self._retry_at = 0.0  # time.monotonic(); 0 while closed

    @property
    def state(self) -> str:
        """Return `closed` or `open`, without claiming a trial."""
        return "open" if self._retry_at else "closed"

    def is_open(self) -> bool:
        """Return whether to skip the server. After the pause, one caller at a time may try it."""
        if not self._retry_at:
            return False
        now = time.monotonic()
        if now < self._retry_at:
            return True
        self._retry_at = now + self.trial_s
        return False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Open when the block raises one of the failures, close when it raises nothing."""
        try:
            yield
        except self.failures:
            self.open()
            raise
        self.reset()

    def open(self) -> None:
        self._retry_at = time.monotonic() + self.pause_s

    def reset(self) -> None:
        self._retry_at = 0.0


class CircuitOpen(OperationalError):
    """The database was out of reach a moment ago, so no connection was tried."""


class DatabaseBreaker(Breaker):
    """The breaker of one database: it stops new connections.

    Open connections go on being used, except when the server has given no answer: `silent_at` is
    when that was last noticed, in `time.monotonic()`.
    """

    def __init__(self, alias: str) -> None:
        self.alias = alias
        super().__init__(OperationalError, pause_s=DATABASE_PAUSE_S, trial_s=CONNECTING_S)
        self._connected_at = 0.0
        self.silent_at = 0.0

    def open(self) -> None:
        super().open()
        metrics.BREAKER_OPENED[self.alias,].set_to_current_time()

    def reset(self) -> None:
        if self._retry_at:
            super().reset()
            metrics.BREAKER_OPENED[self.alias,].set(0)

    def note_silence(self) -> None:
        """Open: no connection that was made before gets an answer either."""
        self.silent_at = time.monotonic()
        self.open()

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Raise `CircuitOpen` while open.

        A failure is no reason to open if another thread has connected meanwhile, nor if the server
        has no free connection: that refusal has no SQLSTATE, libpq hands over its text alone.
        """
        if self.is_open():
            raise CircuitOpen("the circuit breaker is open")
        started = time.monotonic()
        try:
            yield
        except OperationalError as error:
            is_full = any(words in str(error) for words in TOO_MANY)
            if is_full or self._connected_at > started:
                self.reset()
            else:
                self.open()
            raise
        self._connected_at = time.monotonic()
        self.reset()


_databases: dict[str, DatabaseBreaker] = {}


def database_breaker(alias: str) -> DatabaseBreaker:
    """Return the breaker of this process for a database."""
    return _databases.get(alias) or _databases.setdefault(alias, DatabaseBreaker(alias))


def breaker_state(alias: str) -> str:
    return database_breaker(alias).state
