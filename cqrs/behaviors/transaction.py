"""A command runs in one transaction on `default` and is repeated when the database asks for it."""

import random
import time
from typing import Any

import structlog
from django.db import Error, connection, transaction

from cqrs import outcome
from cqrs.outages import is_outage
from cqrs.pipeline import Dispatch, Next
from cqrs.results import Rejected, Result, RolledBack

ATTEMPTS = 5
FIRST_DELAY_S = 0.01
# https://www.postgresql.org/docs/current/errcodes-appendix.html
RETRYABLE_SQLSTATES = {"40001", "40P01"}  # serialization_failure, deadlock_detected

log = structlog.get_logger("cqrs.transaction")


def command_transaction(dispatch: Dispatch, following: Next) -> Result[Any]:
    """Run the rest in a transaction; inside an open one, in a savepoint of it.

    A serialization failure, a deadlock or a lost connection is retried with backoff, only
    when this is the outermost transaction: inside another, the work before it is gone too.
    A connection lost during COMMIT leaves the outcome open: then the server is asked, and
    `OutcomeUnknown` is raised when it cannot tell.
    """
    if connection.in_atomic_block:
        return _attempt(dispatch, following, [])
    for attempt in range(1, ATTEMPTS + 1):
        finished: list[Result[Any]] = []
        try:
            return _attempt(dispatch, following, finished)
        except Error as error:
            if not _is_transient(error):
                raise
            if finished and outcome.was_committed():
                return finished[0]
            if attempt == ATTEMPTS:
                raise
            log.warning("command_retried", name=dispatch.name, attempt=attempt, reason=str(error))
            time.sleep(random.uniform(0.5, 1) * FIRST_DELAY_S * 2**attempt)  # noqa: S311
    raise AssertionError("unreachable")


def _attempt(dispatch: Dispatch, following: Next, finished: list[Result[Any]]) -> Result[Any]:
    """Try once. What is in `finished` afterwards got as far as the COMMIT."""
    try:
        with transaction.atomic():
            outcome.forget()
            result = following(dispatch)
            if isinstance(result, Rejected) and not dispatch.answer_is_stored:
                raise RolledBack(result)
            finished.append(result)
        return result
    except RolledBack as rolled_back:
        return rolled_back.rejected


def _is_transient(error: Error) -> bool:
    if getattr(error.__cause__, "sqlstate", None) in RETRYABLE_SQLSTATES:
        return True
    if is_outage(error):
        connection.close()  # the next attempt opens a new one
        return True
    return False
