"""Repeat a query on a new connection when its connection broke. A query may run twice: it reads."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from django.db import Error, connections

from cqrs.database.aliases import READ_ALIAS
from cqrs.database.outages import is_outage
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Result

Answer = TypeVar("Answer")

PATIENCE_S = 2.0  # a machine that has vanished is given up after 3 s, and so is connecting to it

log = structlog.get_logger("cqrs.reconnection")


def reconnection(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Repeat the rest once when the connection was lost; not when none could be opened."""
    return again_if_lost(lambda: call_next(dispatch), dispatch.name)


def again_if_lost(read: Callable[[], Answer], name: str) -> Answer:
    """Repeat `read` once if the connection to `replica` was lost; log it under `name`.

    Inside an open transaction it raises: earlier reads of the same snapshot are lost. It raises as
    well when the loss took long to find out, and there is no other host to connect to.
    """
    connection = connections[READ_ALIAS]
    started = time.monotonic()
    try:
        return read()
    except Error as error:
        lost = connection.connection is not None and is_outage(error)
        is_late = time.monotonic() > started + PATIENCE_S
        is_in_vain = is_late and "," not in connection.settings_dict["HOST"]
        if not lost or connection.in_atomic_block or is_in_vain:
            raise
        reason = type(error.__cause__ or error).__name__
    log.warning("query_repeated", name=name, reason=reason)
    connection.close()
    return read()
