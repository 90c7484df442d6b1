"""A command runs in one transaction on `default` and is repeated when the database asks for it."""

import random
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.db import Error, connection, transaction

from cqrs.database import commit_outcome
from cqrs.database.outages import is_outage
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Rejected, Result, RolledBack

ATTEMPTS = 5
FIRST_DELAY_S = 0.01
OUTAGE_PATIENCE_S = 3.0  # connecting to a host that does not answer takes as long each time
# https://www.postgresql.org/docs/current/errcodes-appendix.html
RETRYABLE_SQLSTATES = {"40001", "40P01"}  # serialization_failure, deadlock_detected

log = structlog.get_logger("cqrs.transaction")


class SilentRollback(RuntimeError):
    """The transaction is lost, but the handler ended as if it were not."""


def command_transaction(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Run the rest in a transaction; inside an open one, in a savepoint of it.

    A serialization failure, a deadlock or a lost connection is retried with backoff, only
    when this is the outermost transaction: inside another, the work before it is gone too.
    A connection lost during COMMIT leaves the commit_outcome open: then the server is asked, and
    `OutcomeUnknown` is raised when it cannot tell.
    """
    if connection.in_atomic_block:
        return _run(dispatch, call_next)
    started = time.monotonic()
    for number in range(1, ATTEMPTS + 1):
        with commit_outcome.witnessed() as witness:
            attempt = _Attempt(witness)
            try:
                return _run(dispatch, call_next, attempt)
            except Exception as error:
                if (result := attempt.result_despite(error)) is not None:
                    return result
                is_late = is_outage(error) and time.monotonic() > started + OUTAGE_PATIENCE_S
                if not _is_transient(error) or is_late or number == ATTEMPTS:
                    raise
                reason = type(error.__cause__ or error).__name__
        log.warning("command_retried", name=dispatch.name, attempt=number, reason=reason)
        time.sleep(random.uniform(0.5, 1) * FIRST_DELAY_S * 2**number)  # noqa: S311
    raise AssertionError("unreachable")


class _Attempt:
    """One outermost transaction, and how far it came."""

    def __init__(self, witness: commit_outcome.CommitWitness) -> None:
        self.witness = witness
        self.result: Result[Any] | None = None  # known before the COMMIT
        self.is_committed = False
        self.hooks: list[Callable[[], object]] = []

    def begin(self) -> None:
        """Be the first to hear of the COMMIT."""
        transaction.on_commit(self._note_commit)

    def finish(self, result: Result[Any]) -> None:
        """Note the result and what is to run after the COMMIT, which comes next."""
        self.result = result
        self.hooks = [hook[1] for hook in connection.run_on_commit]

    def result_despite(self, error: Exception) -> Result[Any] | None:
        """Return the result of a command that is committed although the error came; else None."""
        if self.result is None:
            return None
        if self.is_committed:
            log.error("after_commit_failed", exc_info=error)
            return self.result
        if not is_outage(error):
            return None
        connection.close()
        if not self.witness.was_committed():
            return None
        for hook in self.hooks:  # the connection has lost them
            transaction.on_commit(hook, robust=True)
        return self.result

    def _note_commit(self) -> None:
        self.is_committed = True


def _run(dispatch: Dispatch, call_next: Next, attempt: _Attempt | None = None) -> Result[Any]:
    """Run the rest; roll back with a refusal, unless that is stored as the answer."""
    dispatch.answer_is_stored = False
    try:
        with transaction.atomic():
            if attempt is not None:
                attempt.begin()
            result = call_next(dispatch)
            if isinstance(result, Rejected) and not dispatch.answer_is_stored:
                raise RolledBack(result)
            refuse_silent_rollback()
            if attempt is not None:
                attempt.finish(result)
        return result
    except RolledBack as rolled_back:
        return rolled_back.rejected


def refuse_silent_rollback() -> None:
    """Raise where Django would roll back and say nothing: the caller believes it has written."""
    if transaction.get_rollback():
        raise SilentRollback("An error was caught inside the transaction, outside a savepoint")


def _is_transient(error: Exception) -> bool:
    if is_outage(error):
        connection.close()  # the next attempt opens a new one
        return True
    sqlstate = getattr(error.__cause__, "sqlstate", None)
    return isinstance(error, Error) and sqlstate in RETRYABLE_SQLSTATES
