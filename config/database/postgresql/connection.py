"""A connection that gives up on a server that says nothing.

A server that hangs enforces no time-out, and its machine still confirms what arrives, so the
operating system sees no fault either.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout  # `wait` raises it, and no public name

Returned = TypeVar("Returned")

INTERVAL_S = 0.1  # psycopg's own, for looking for Ctrl-C
PASSWORD_CHANGE_S = 2.0  # at most, between the change in the server and the one in the file
REFUSED = "password authentication failed"


class ServerSilent(psycopg.OperationalError):
    """The server did not answer in time. The connection is closed."""


class LimitedConnection(psycopg.Connection[Any]):
    """Waits up to `patience_s` for each answer; None: without end."""

    patience_s: float | None = None
    on_silence: Callable[[], object] | None = None

    @classmethod
    def made(cls, parameters: Mapping[str, Any]) -> "LimitedConnection":
        """Connect; try again for a while if a password out of a file is refused.

        It may be changed in the server and in the file at this moment. libpq reads the file at each
        connection. A refusal has no SQLSTATE.
        """
        deadline = time.monotonic() + PASSWORD_CHANGE_S
        while True:
            try:
                return cls.connect(**parameters)
            except psycopg.OperationalError as error:
                may_change = "passfile" in parameters and REFUSED in str(error)
                if not may_change or time.monotonic() > deadline:
                    raise
            time.sleep(INTERVAL_S)

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
