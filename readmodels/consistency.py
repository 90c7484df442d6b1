"""Read your own writes: wait until a read model has seen what the caller has seen.

The token names an aggregate and its version. The aggregate's own read row tells the feed position
of that version, and the checkpoint of the queried projection tells whether it is past it. Both
are on `replica`, so this works without the write database.
"""

import time
from collections.abc import Callable, Set
from threading import BoundedSemaphore
from typing import Any

import structlog
from django.conf import settings
from django.db import Error

from cqrs.consumers import Runner
from cqrs.messages import Query
from cqrs.outages import is_outage
from cqrs.pipeline import Dispatch, Next
from cqrs.results import FieldError, Rejected, Result
from cqrs.tokens import ConsistencyToken, InvalidToken, decode
from readmodels.models import (
    CustomerReadModel,
    OrderReadModel,
    ProjectionCheckpoint,
    StockReadModel,
)
from readmodels.projections import PROJECTIONS
from readmodels.router import READ_ALIAS

DEFAULT_WAIT_S = 2.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.002, 0.05
# What a query sees: on a standby that may be less than what has been projected.
seen = Runner(ProjectionCheckpoint, READ_ALIAS)
_waiting = BoundedSemaphore(max(1, settings.WEB_THREADS // 2))

# Where the position of an aggregate's version is found.
ROWS = {"order": OrderReadModel, "customer": CustomerReadModel, "stock": StockReadModel}
ALL = frozenset(projection.name for projection in PROJECTIONS)

log = structlog.get_logger("readmodels.consistency")


def consistency(dispatch: Dispatch, following: Next) -> Result[Any]:
    """Wait for the query's token before the rest; `read_side_behind` when its time is up."""
    query = dispatch.message
    assert isinstance(query, Query)  # noqa: S101  only queries come here
    if query.consistency_token is None:
        return following(dispatch)
    try:
        token = _readable(query.consistency_token)
    except InvalidToken as error:
        problem = FieldError("X-Consistency-Token", "invalid_token", str(error))
        return Rejected("invalid_token", str(error), (problem,))
    limit_s = DEFAULT_WAIT_S if query.wait_s is None else query.wait_s
    if not wait_until(lambda: has_seen(token, {query.projection}), limit_s):
        return Rejected("read_side_behind", f"The read side was not there after {limit_s:g} s")
    return following(dispatch)


def wait_for_projections(token: ConsistencyToken, limit_s: float) -> bool:
    """Wait until every projection has seen the token; say whether they did in time.

    A read database that is out of reach has seen nothing: the write is done all the same.
    """
    try:
        return wait_until(lambda: has_seen(token, ALL), limit_s)
    except Error as error:
        if not is_outage(error):
            raise
        log.warning("no_wait_without_read_side", reason=type(error.__cause__ or error).__name__)
        return False


def _readable(text: str) -> ConsistencyToken:
    token = decode(text)
    if token.stream_type not in ROWS:
        raise InvalidToken(f"There is nothing to wait for called {token.stream_type!r}")
    return token


def has_seen(token: ConsistencyToken, names: Set[str]) -> bool:
    """Say whether the projections of these names have applied the aggregate's version."""
    rows = ROWS[token.stream_type]._default_manager
    position = (
        rows.filter(pk=token.stream_id, version__gte=token.version)
        .values_list("position", flat=True)
        .first()
    )
    if position is None:
        return False
    return all(
        min(seen.positions(projection)) >= position
        for projection in PROJECTIONS
        if projection.name in names
    )


def wait_until(condition: Callable[[], bool], limit_s: float) -> bool:
    """Ask again, at growing intervals, until the condition holds or the time is up.

    Does not wait at all when half of the web threads do so already: the others are for requests
    that can be answered.
    """
    if condition():
        return True
    if not _waiting.acquire(blocking=False):
        return False
    try:
        return _poll(condition, time.monotonic() + limit_s)
    finally:
        _waiting.release()


def _poll(condition: Callable[[], bool], deadline: float) -> bool:
    pause_s = FIRST_PAUSE_S
    while (left_s := deadline - time.monotonic()) > 0:
        time.sleep(min(pause_s, left_s))
        if condition():
            return True
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
    return False
