"""Repeat a command whose transaction failed for a reason that passes.

PostgreSQL asks for a repetition after a serialization failure and after a deadlock. A lost
connection is repeated on a new one.
"""

import random
import time
from typing import Any

import structlog
from django.db import Error, connection

from cqrs.database.outages import is_outage
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Result

ATTEMPTS = 5
FIRST_DELAY_S = 0.01
OUTAGE_PATIENCE_S = 3.0  # connecting to a host that does not answer takes as long each time
# https://www.postgresql.org/docs/current/errcodes-appendix.html
RETRYABLE_SQLSTATES = {"40001", "40P01"}  # serialization_failure, deadlock_detected

log = structlog.get_logger("cqrs.retry")


def retry(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Try the rest up to five times, with growing random delays between.

    Inside an open transaction it does not repeat: the work before the command is lost too, so
    only the outermost command can repeat all of it.
    """
    if connection.in_atomic_block:
        return call_next(dispatch)
    started = time.monotonic()
    for number in range(1, ATTEMPTS + 1):
        try:
            return call_next(dispatch)
        except Error as error:
            is_late = is_outage(error) and time.monotonic() > started + OUTAGE_PATIENCE_S
            if not _is_transient(error) or is_late or number == ATTEMPTS:
                raise
            reason = type(error.__cause__ or error).__name__
        log.warning("command_retried", name=dispatch.name, attempt=number, reason=reason)
        time.sleep(random.uniform(0.5, 1) * FIRST_DELAY_S * 2**number)  # noqa: S311
    raise AssertionError("unreachable")


def _is_transient(error: Error) -> bool:
    if is_outage(error):
        connection.close()  # the next attempt opens a new one
        return True
    return getattr(error.__cause__, "sqlstate", None) in RETRYABLE_SQLSTATES
