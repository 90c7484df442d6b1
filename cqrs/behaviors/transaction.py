"""Run a command in one transaction, and find out how it ended when its COMMIT fails."""

from collections.abc import Callable
from typing import Any

import structlog
from django.db import connection, transaction

from cqrs.database import commit_outcome
from cqrs.database.aliases import WRITE_ALIAS
from cqrs.database.outages import is_outage
from cqrs.database.pipelines import set_lock_timeout
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Result
from cqrs.messaging.tracing import span

log = structlog.get_logger("cqrs.transaction")


def command_transaction(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Run the rest in a transaction on `default`; inside an open one, in a savepoint of it.

    A connection lost during COMMIT leaves the outcome open. Then a new connection asks the server:
    a committed command returns its result, another one raises the error, which the retry behavior
    repeats. Raises `OutcomeUnknown` when the server cannot say.
    """
    if connection.in_atomic_block:
        with transaction.atomic():
            return call_next(dispatch)
    with commit_outcome.witnessed() as witness:
        attempt = _Attempt(witness)
        try:
            with span("transaction"):
                return attempt.run(lambda: _handle(dispatch, call_next))
        except Exception as error:
            if (result := attempt.result_despite(error)) is None:
                raise
            return result


def _handle(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    set_lock_timeout(WRITE_ALIAS, dispatch.lock_timeout_ms)
    return call_next(dispatch)


class _Attempt:
    """One outermost transaction: what is known before its COMMIT, and whether that came back."""

    def __init__(self, witness: commit_outcome.CommitWitness) -> None:
        self.witness = witness
        self.result: Result[Any] | None = None  # known before the COMMIT
        self.hooks: list[Callable[[], object]] = []  # what `on_commit` registered
        self.is_committed = False

    def run(self, handle: Callable[[], Result[Any]]) -> Result[Any]:
        with transaction.atomic():
            transaction.on_commit(self._note_commit)  # runs before the handler's own hooks
            result = handle()
            self.hooks = [hook[1] for hook in connection.run_on_commit]
            self.result = result
        return result

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
