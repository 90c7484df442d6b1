"""A connection that gives up on a server that says nothing.

A server that hangs enforces no time-out, and its machine still confirms what arrives, so the
operating system sees no fault either.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout  # `wait` raises it, and no public name

Returned = TypeVar("Returned")

INTERVAL_S = 0.1  # psycopg's own: how often it looks for Ctrl-C


class ServerSilent(psycopg.OperationalError):
    """The server did not answer in time. The connection is closed."""


class LimitedConnection(psycopg.Connection[Any]):
    """Waits up to `patience_s` for each answer; None: without end."""

    patience_s: float | None = None
    on_silence: Callable[[], object] | None = None

    def wait(
        self,
        gen: PQGen[Returned],
        interval: float = INTERVAL_S,
        timeout: float | None = None,
    ) -> Returned:
        """Wait for the generator: of a statement, a COMMIT, a pipeline or a COPY."""
        if timeout is not None or self.patience_s is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience_s)
        except _WaitTimeout:
            self.pgconn.finish()  # or the rollback that follows would wait as long
            if self.on_silence:
                self.on_silence()
            message = f"the server gave no answer within {self.patience_s:g} s"
            raise ServerSilent(message) from None
