"""Django's PostgreSQL backend, with limits by profile, a circuit breaker and a cheap health check.

Django's `SELECT 1` at the start of each request costs as much as a small query. This backend asks
the socket instead.
"""

import time
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from django.db.utils import DatabaseErrorWrapper, Error
from django.utils.functional import cached_property
from psycopg import Error as DriverError
from psycopg import IsolationLevel
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGconn

from config.database.limits import Limits
from config.database.postgresql.connection import LimitedConnection
from cqrs.database.aliases import PROJECTION_ALIAS, READ_ALIAS, WRITE_ALIAS
from cqrs.database.breaker import database_breaker
from cqrs.database.profiles import Profile, current_profile

LOOKED_S = 0.1
"""A connection of queries is not looked at again so soon: the two system calls take a twentieth of
a query's time, and a query whose connection breaks is repeated on a new one."""
# Of these a server's failure opens the circuit breaker: others would wait in vain.
SHARED = (Profile.WEB, Profile.WORKER)
REPORTED_READ_ONLY = (b"default_transaction_read_only", b"in_hot_standby")


class ErrorsWithAlias(DatabaseErrorWrapper):
    """Notes on each error which database it came from."""

    def __exit__(self, *raised: Any) -> None:
        try:
            super().__exit__(*raised)
        except Error as error:
            error.alias = self.wrapper.alias  # type: ignore[attr-defined]
            raise


class DatabaseWrapper(base.DatabaseWrapper):
    profile: Profile
    """Of the thread, when the connection was made."""
    made_at = 0.0
    """When the connection was made, in `time.monotonic()`."""
    looked_at = 0.0
    """When its socket was last found open, in `time.monotonic()`."""

    @cached_property
    def wrap_database_errors(self) -> ErrorsWithAlias:
        return ErrorsWithAlias(self)

    def get_connection_params(self) -> dict[str, Any]:
        """Put the limits before the URL's own `options`: the last one is in force."""
        params = super().get_connection_params()
        self.profile = current_profile()
        options = f"{self._limits().startup_options} {params.get('options', '')}".strip()
        return {**params, "options": options}

    def get_new_connection(self, conn_params: dict[str, Any]) -> LimitedConnection:
        self.isolation_level = IsolationLevel.READ_COMMITTED  # what Django expects of us
        if self.profile not in SHARED:
            return self._connect(conn_params)
        breaker = database_breaker(self.alias)
        with breaker.connecting():
            connection = self._connect(conn_params)
        connection.on_silence = breaker.note_silence
        return connection

    def _connect(self, conn_params: dict[str, Any]) -> LimitedConnection:
        connection = LimitedConnection.made(conn_params)
        connection.patience_s = self._limits().patience_s
        self.made_at = time.monotonic()
        return connection

    def _limits(self) -> Limits:
        limits: Limits = settings.DATABASE_LIMITS.of(
            self.profile, write_side=self.alias == WRITE_ALIAS
        )
        return limits

    def close_if_unusable_or_obsolete(self) -> None:
        """Close it also when its thread does another kind of work now."""
        is_open = self.connection is not None and not self.in_atomic_block
        if is_open and self.profile is not current_profile():
            self.close()
        super().close_if_unusable_or_obsolete()

    def is_usable(self) -> bool:
        """Return whether the idle connection is open, as far as this machine knows.

        A server that ends or is killed closes its sockets. A lost machine does not: the next
        statement fails. A connection is unusable, too, after another one got no answer from the
        server: else each thread would wait as long. And one for writing is while the server reports
        that it only reads: a new one may find another server, or the same one changed.
        """
        if self.connection is None or self._is_suspect():
            return False
        pgconn = self.connection.pgconn
        now, writes = time.monotonic(), self._writes()
        if not writes and now < self.looked_at + LOOKED_S:
            return _is_idle(pgconn)
        try:
            # The first call reads the server's last message, the second one the end of the stream.
            pgconn.consume_input()
            pgconn.consume_input()
        except DriverError:
            return False
        self.looked_at = now
        return _is_idle(pgconn) and not (writes and _is_read_only(pgconn))

    def _is_suspect(self) -> bool:
        return self.profile in SHARED and self.made_at < database_breaker(self.alias).silent_at

    def _writes(self) -> bool:
        if self.alias == READ_ALIAS == PROJECTION_ALIAS:  # one alias for queries and projections
            return self.profile is not Profile.WEB
        return self.alias != READ_ALIAS


def _is_idle(pgconn: PGconn) -> bool:
    return pgconn.transaction_status == int(TransactionStatus.IDLE)


def _is_read_only(pgconn: PGconn) -> bool:
    """Return what the server has last reported, without asking it."""
    return any(pgconn.parameter_status(name) == b"on" for name in REPORTED_READ_ONLY)
