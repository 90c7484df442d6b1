"""Let a query wait until its read model has applied the caller's write (read your own writes)."""

import time
from collections.abc import Callable, Set
from dataclasses import replace
from threading import BoundedSemaphore
from typing import Any

import structlog
from django.db import Error

from cqrs.conf import cached_setting, conf
from cqrs.consistency.token_status import TokenStatus, decode_known, token_status
from cqrs.consistency.tokens import ConsistencyToken, InvalidToken
from cqrs.database.sqlstates import meaning
from cqrs.messaging.context import current_context
from cqrs.messaging.messages import Query
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import FieldError, Rejected, Result
from cqrs.notifications.listener import listener
from cqrs.projections.lag import read_lag
from cqrs.projections.registry import projection_names

DEFAULT_WAIT_S = 2.0
# Between two checks. An announcement ends the wait, so `LISTENING_S` matters only when one is lost.
# Where none can come, the pauses are short at first and grow.
LISTENING_S, FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 0.002, 0.05

log = structlog.get_logger("cqrs.consistency")


def consistency(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Wait until the query's projection has applied the token, then call the rest.

    Ignores a token of a past that the log has lost, and says so with the answer. Refuses with
    `invalid_token`; with `read_side_behind` after the limit, or at once when too many reads wait;
    with `read_side_parked` at once when the write is parked.
    """
    query = dispatch.message
    assert isinstance(query, Query)  # noqa: S101  only queries come here
    if query.consistency_token is None:
        return call_next(dispatch)
    try:
        token = decode_known(query.consistency_token)
    except InvalidToken as error:
        return unreadable(error)
    if read_lag.is_lost(query.projection, token.epoch):
        return replace(call_next(dispatch), is_token_lost=True)
    limit_s = DEFAULT_WAIT_S if query.wait_s is None else query.wait_s
    status = wait_for(token, {query.projection}, limit_s)
    if status is TokenStatus.PARKED:
        return Rejected(
            "read_side_parked", "The read side could not apply this write: it is parked"
        )
    if status is TokenStatus.PENDING:
        if read_lag.is_lost(query.projection, token.epoch, memo=False):  # since a moment ago
            return replace(call_next(dispatch), is_token_lost=True)
        return Rejected("read_side_behind", f"The read side was not there after {limit_s:g} s")
    return call_next(dispatch)


def unreadable(error: InvalidToken) -> Rejected:
    """Return the refusal of a token that cannot be read."""
    problem = FieldError("X-Consistency-Token", "invalid_token", str(error))
    return Rejected("invalid_token", str(error), (problem,))


def wait_for_projections(token: ConsistencyToken, limit_s: float) -> bool:
    """Wait until every projection has applied the token; return whether they did in time.

    False when the read database is out of reach or too slow: the write is committed anyway.
    """
    try:
        # The command is done: while it waits, it holds no place in the share of commands.
        leave_share = current_context().caller.leave_share
        status = wait_for(token, projection_names(), limit_s, before_waiting=leave_share)
    except Error as error:
        if meaning(error) is None:
            raise
        log.warning("no_wait_without_read_side", reason=type(error.__cause__ or error).__name__)
        return False
    return status is TokenStatus.APPLIED


def wait_for(
    token: ConsistencyToken,
    names: Set[str],
    limit_s: float,
    before_waiting: Callable[[], None] = lambda: None,
) -> TokenStatus:
    """Check the status at each announcement, until it is decided or the limit is over.

    Ends when the client has left. Does not wait when `WAITING_READS` calls of this process are
    waiting: the other threads must stay free for requests that can be answered.
    """
    status = token_status(token, names)
    if status is not TokenStatus.PENDING or not _seats().acquire(blocking=False):
        return status
    try:
        before_waiting()
        return _wait(token, names, time.monotonic() + limit_s)
    finally:
        _seats().release()


@cached_setting
def _seats() -> BoundedSemaphore:
    return BoundedSemaphore(max(1, conf().WAITING_READS))


def _wait(token: ConsistencyToken, names: Set[str], deadline: float) -> TokenStatus:
    pause_s, caller = FIRST_PAUSE_S, current_context().caller
    while (left_s := deadline - time.monotonic()) > 0 and not caller.has_left():
        # Read the count before the status: an announcement between the two ends the wait at once.
        messages = listener.messages
        if (status := token_status(token, names)) is not TokenStatus.PENDING:
            return status
        listener.wait(messages, min(LISTENING_S if listener.is_listening else pause_s, left_s))
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
    return token_status(token, names)
