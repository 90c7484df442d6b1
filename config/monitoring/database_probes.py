"""Ask a database whether it can be used, and log when the answer changes.

Probes come every few seconds from several sides: a line for each would be all that the log says of
an outage.
"""

import time
from typing import Any

import structlog
from django.db import Error, connections

from config.monitoring.probes import DOWN, UP

# Fails as well before the migrations have run.
_LOOK = """
SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool,
       EXISTS (SELECT FROM django_migrations)
"""

log = structlog.get_logger("cqrs.health")


class DatabaseQuestion:
    """Asks one database, always in the same thread, which has a connection for it."""

    def __init__(self, alias: str, *, if_read_only: str) -> None:
        self._alias, self._if_read_only = alias, if_read_only
        self._is_down = False

    def __call__(self) -> str:
        """Return whether it answers, and log it if that is new.

        The connection stays open, or each probe could first try a host of several that has
        vanished.
        """
        started = time.monotonic()
        try:
            is_read_only = self._look()
        except Error as error:
            connections[self._alias].close()
            self._note_failure(error, time.monotonic() - started)
            return DOWN
        self._note_answer()
        return self._if_read_only if is_read_only else UP

    def _look(self) -> bool:
        connection: Any = connections[self._alias]
        connection.health_check_done = False  # it was made for an earlier request
        with connection.cursor() as cursor:
            cursor.execute(_LOOK)
            is_read_only, _ = cursor.fetchone()
        return bool(is_read_only)

    def _note_failure(self, error: Error, took_s: float) -> None:
        if not self._is_down:
            self._is_down = True
            reason, duration_s = type(error.__cause__ or error).__name__, round(took_s, 3)
            log.warning("probe_failed", database=self._alias, reason=reason, duration_s=duration_s)

    def _note_answer(self) -> None:
        if self._is_down:
            self._is_down = False
            log.warning("probe_recovered", database=self._alias)
