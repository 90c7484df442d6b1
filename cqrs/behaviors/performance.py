"""Warn about messages that take longer than `SLOW_MESSAGE_MS`."""

import time
from typing import Any

import structlog

from cqrs.conf import conf
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Result

log = structlog.get_logger("cqrs.performance")


def performance(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Log a warning with the duration in milliseconds when the rest of the pipeline was slow."""
    started = time.perf_counter()
    try:
        return call_next(dispatch)
    finally:
        duration_ms = (time.perf_counter() - started) * 1000
        if duration_ms > conf().SLOW_MESSAGE_MS:
            log.warning("slow_message", name=dispatch.name, duration_ms=round(duration_ms, 3))
