"""Repeat a query on a new connection when its connection broke. A query may run twice: it reads."""

from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from django.db import Error, connections

from cqrs.database.aliases import READ_ALIAS
from cqrs.database.outages import is_outage
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Result

Answer = TypeVar("Answer")

log = structlog.get_logger("cqrs.reconnection")


def reconnection(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Repeat the rest once when the connection was lost; not when none could be opened."""
    return again_if_lost(lambda: call_next(dispatch), dispatch.name)


def again_if_lost(read: Callable[[], Answer], name: str) -> Answer:
    """Repeat `read` once if the connection to `replica` was lost; log it under `name`.

    Inside an open transaction it raises: earlier reads of the same snapshot are lost.
    """
    connection = connections[READ_ALIAS]
    try:
        return read()
    except Error as error:
        lost = connection.connection is not None and is_outage(error)
        if not lost or connection.in_atomic_block:
            raise
        reason = type(error.__cause__ or error).__name__
    log.warning("query_repeated", name=name, reason=reason)
    connection.close()
    return read()
