"""Log one structured line per message. Never the payload: it holds personal data."""

import time
from typing import Any

import structlog

from cqrs.messaging.context import current_context
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Rejected, Result

log = structlog.get_logger("cqrs.bus")


def logging(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Log the message's name, its actor's id, its outcome and its duration in milliseconds."""
    context = current_context()
    started = time.perf_counter()
    outcome = "error"
    try:
        result = call_next(dispatch)
        outcome = result.code if isinstance(result, Rejected) else "ok"
        return result
    finally:
        log.info(
            "message",
            name=dispatch.name,
            outcome=outcome,
            duration_ms=round((time.perf_counter() - started) * 1000, 3),
            actor=context.actor,
            correlation_id=context.correlation_id,
        )
