"""Repeat a command whose transaction failed for a reason that passes.

PostgreSQL asks for a repetition after a serialization failure and after a deadlock. A lost
connection is repeated on a new one. A lock that was held for too long is waited for once more, by
few commands.
"""

import random
import time
from typing import Any

import structlog
from django.db import Error, connection

from cqrs import metrics
from cqrs.conf import conf
from cqrs.database import lock_waits
from cqrs.database.breaker import CircuitOpen
from cqrs.database.sqlstates import Meaning, meaning
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Result

ATTEMPTS = 5
FIRST_DELAY_S = 0.01
PATIENCE_S = 3.0  # no attempt begins later: each can take its limits' time

log = structlog.get_logger("cqrs.retry")


def retry(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Try the rest up to five times, with growing random delays between.

    Inside an open transaction it does not repeat: the work before the command is lost too, so
    only the outermost command can repeat all of it. Raises `AggregateBusy` in a thread of the web
    when too many commands wait for the same aggregate.
    """
    if connection.in_atomic_block:
        return call_next(dispatch)
    started = time.monotonic()
    try:
        lock_waits.begin(dispatch.name, dispatch.message)
        return _try(dispatch, call_next, started)
    except lock_waits.AggregateHeld:
        pass
    except Error as error:
        if meaning(error) is not Meaning.LOCKED or not lock_waits.is_limited():
            raise
    with lock_waits.waiting_place():
        waited_ms = round((time.monotonic() - started) * 1000)
        dispatch.lock_timeout_ms = max(1, conf().LOCK_TIMEOUT_MS - waited_ms)
        metrics.RETRIES[Meaning.LOCKED.name.lower(),].inc()
        log.info("lock_awaited", name=dispatch.name, limit_ms=dispatch.lock_timeout_ms)
        return _try(dispatch, call_next, started)


def _try(dispatch: Dispatch, call_next: Next, started: float) -> Result[Any]:
    for number in range(1, ATTEMPTS + 1):
        try:
            return call_next(dispatch)
        except Error as error:
            is_late = time.monotonic() > started + PATIENCE_S
            if not _is_transient(error) or is_late or number == ATTEMPTS:
                raise
            reason, kind = type(error.__cause__ or error).__name__, meaning(error)
        metrics.RETRIES[kind.name.lower() if kind else "",].inc()
        log.warning("command_retried", name=dispatch.name, attempt=number, reason=reason)
        time.sleep(random.uniform(0.5, 1) * FIRST_DELAY_S * 2**number)  # noqa: S311
    raise AssertionError("unreachable")


def _is_transient(error: Error) -> bool:
    found = meaning(error)
    if found is Meaning.LOST:
        connection.close()  # the next attempt opens a new one
        return not isinstance(error.__cause__, CircuitOpen)
    return found is Meaning.CONFLICT
