"""A query whose connection breaks is asked again on a new one: reading twice harms nobody."""

from typing import Any

import structlog
from django.db import Error, connections

from cqrs.behaviors.guard import READ_ALIAS
from cqrs.outages import is_outage
from cqrs.pipeline import Dispatch, Next
from cqrs.results import Result

log = structlog.get_logger("cqrs.reconnection")


def reconnection(dispatch: Dispatch, following: Next) -> Result[Any]:
    """Repeat the rest once when the connection was lost; not when none could be had."""
    connection = connections[READ_ALIAS]
    try:
        return following(dispatch)
    except Error as error:
        lost = connection.connection is not None and is_outage(error)
        if not lost or connection.in_atomic_block:
            raise
        reason = type(error.__cause__ or error).__name__
    log.warning("query_repeated", name=dispatch.name, reason=reason)
    connection.close()
    return following(dispatch)
