"""Count and time every message, and warn about those that take longer than `SLOW_MESSAGE_MS`."""

import time
from functools import cache
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied

from cqrs import metrics
from cqrs.conf import conf
from cqrs.messaging.messages import Command, Message
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Rejected, Result

OK, EXCEPTION, FORBIDDEN = "ok", "exception", "permission_denied"

log = structlog.get_logger("cqrs.performance")


def performance(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Observe the duration of the rest of the pipeline, and count its outcome.

    The outcome is `ok`, the code of the refusal, or `exception`.
    """
    outcome, started = EXCEPTION, time.perf_counter()
    try:
        result = call_next(dispatch)
        outcome = result.code if isinstance(result, Rejected) else OK
        if result.replayed:
            metrics.REPLAYS[dispatch.name,].inc()
        return result
    except PermissionDenied:
        outcome = FORBIDDEN
        raise
    finally:
        _observe(dispatch, outcome, time.perf_counter() - started)


def _observe(dispatch: Dispatch, outcome: str, duration_s: float) -> None:
    labels = message_labels(dispatch.message_type)
    metrics.MESSAGES[*labels, outcome].inc()
    metrics.MESSAGE_DURATION[labels].observe(duration_s)
    if duration_s * 1000 > conf().SLOW_MESSAGE_MS:
        log.warning("slow_message", name=dispatch.name, duration_ms=round(duration_s * 1000, 3))


@cache
def message_labels(message_type: type[Message]) -> tuple[str, str]:
    """Return the values of the labels `message` and `kind`."""
    return message_type.__name__, "command" if issubclass(message_type, Command) else "query"
