"""The executor: attempt the work rows of a reaction until none is due.

An external effect happens outside any transaction. The attempt is recorded and committed first, and
is the lease: a call that hangs, or a process that ends, costs a delay, and no session waits in a
transaction meanwhile. A transactional effect commits with the deletion of its row.
"""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from django.db import Error, connection, transaction

from cqrs import metrics
from cqrs.database.locks import LockSpace, held, session_lock
from cqrs.database.outages import is_outage
from cqrs.database.sessions import sessions_dropped_after_failure
from cqrs.reactions import work
from cqrs.reactions.deadlines import call_deadline
from cqrs.reactions.reacting import react_to
from cqrs.reactions.reaction import Effect, Reaction
from cqrs.reactions.registry import reactions, transactional
from cqrs.reactions.work import Attempt, Selection

DONE, FAILED = "done", "failed"


def waiting() -> list[Reaction]:
    """Return the reactions with due rows that no process executes now."""
    due = work.due([reaction.name for reaction in reactions()])
    if not due:
        return []
    idle = {*due} - held(LockSpace.REACTION_EXECUTOR, due)
    return [reaction for reaction in reactions() if reaction.name in idle]


def run(reaction: Reaction, limit_s: float = math.inf) -> int:
    """Attempt the rows of a reaction until none is due; return the number of attempts.

    With `limit_s` it begins no further attempt after that time.

    Returns at once when another process executes the same reaction: that one looks again after it
    has released the lock. Raises `RuntimeError` inside an open transaction.
    """
    _require_no_transaction()
    total, deadline = 0, time.monotonic() + limit_s
    with sessions_dropped_after_failure():
        while time.monotonic() < deadline and work.due([reaction.name]):
            with _executing(reaction) as is_held:
                attempts = _run_due(reaction, deadline) if is_held else 0
            if not attempts:
                break
            total += attempts
    return total


def run_transactional() -> int:
    """Run the reactions whose effects are on `default` alone; return the number of attempts."""
    return sum(run(reaction) for reaction in transactional())


def retry(reaction: Reaction, ids: Sequence[int]) -> None:
    """Attempt these rows once, due or not. When another process executes, it gets them instead.

    Raises `RuntimeError` inside an open transaction.
    """
    _require_no_transaction()
    with _executing(reaction) as is_held:
        if not is_held:
            work.make_due(ids)
            return
        for row_id in ids:
            _attempt(reaction, work.only(row_id))


def _require_no_transaction() -> None:
    """Raise inside an open transaction: it could undo what an attempt records."""
    with transaction.atomic(durable=True):
        pass


def _executing(reaction: Reaction) -> AbstractContextManager[bool]:
    return session_lock(LockSpace.REACTION_EXECUTOR, reaction.name)


def _run_due(reaction: Reaction, deadline: float) -> int:
    """Take turns between new and failed rows, so that neither waits for the other."""
    work.park_interrupted(reaction)
    total = 0
    while done := sum(_attempt(reaction, which) for which in (work.NEW, work.FAILED)):
        total += done
        if time.monotonic() > deadline:
            break
    return total


def _attempt(reaction: Reaction, which: Selection) -> bool:
    """Attempt one row; False if there is none."""
    if reaction.effect is Effect.TRANSACTIONAL:
        return _in_transaction(reaction, which)
    return _by_lease(reaction, which)


def _by_lease(reaction: Reaction, which: Selection) -> bool:
    attempt = work.lease(reaction, which)
    if attempt is None:
        return False
    try:
        with call_deadline(reaction.deadline_s):
            react_to(reaction, attempt.event_id)
    except Exception as error:  # noqa: BLE001  no error may stop the other rows
        _fail(reaction, attempt, error)
    else:
        _reconnecting(lambda: work.finish(attempt))
        _count(reaction, DONE)
    return True


def _in_transaction(reaction: Reaction, which: Selection) -> bool:
    attempt = None
    try:
        with transaction.atomic():
            attempt = work.lock(reaction, which)
            if attempt is None:
                return False
            react_to(reaction, attempt.event_id)
            work.finish(attempt)
    except Exception as error:
        if attempt is None:
            raise
        _fail(reaction, attempt, error)
    else:
        _count(reaction, DONE)
    return True


def _fail(reaction: Reaction, attempt: Attempt, error: Exception) -> None:
    _count(reaction, FAILED)
    _reconnecting(lambda: work.fail(reaction, attempt, error))


def _count(reaction: Reaction, outcome: str) -> None:
    metrics.REACTION_ATTEMPTS[reaction.name, outcome].inc()


def _reconnecting(store: Callable[[], None]) -> None:
    """Store how an attempt ended, on a new connection if the call has outlasted the old one."""
    try:
        store()
    except Error as error:
        if connection.in_atomic_block or not is_outage(error):
            raise
        connection.close()
        store()
