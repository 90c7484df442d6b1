"""Undo what a handler wrote before it refused."""

from typing import Any

from django.db import transaction

from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Rejected, Result


class SilentRollback(RuntimeError):
    """The handler returned `Ok` in a transaction that can only roll back.

    Django rolls such a transaction back without an error, so the caller would believe it written.
    """


def rollback_on_refusal(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Roll back the innermost atomic block when the result is `Rejected`.

    With an idempotency key that block is the savepoint of the idempotency behavior, which then
    stores the refusal; without one it is the command's transaction. Raises `SilentRollback` when
    the handler caught a database error outside a savepoint and returned `Ok`.
    """
    result = call_next(dispatch)
    if isinstance(result, Rejected):
        transaction.set_rollback(True)
    elif transaction.get_rollback():
        raise SilentRollback("An error was caught inside the transaction, outside a savepoint")
    return result
