"""Log one structured line per message. Never the payload: it holds personal data."""

import time
from collections.abc import Mapping
from typing import Any

import structlog

from cqrs.event_log.personal_texts import personal_texts_in
from cqrs.messaging.context import current_context
from cqrs.messaging.error_text import hide
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Rejected, Result

log = structlog.get_logger("cqrs.bus")


def logging(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Log the message's name, its actor's id, its outcome and its duration in milliseconds.

    An error that passes is logged elsewhere: without the personal texts of the message.
    """
    context = current_context()
    started = time.perf_counter()
    outcome = "error"
    try:
        result = call_next(dispatch)
        outcome = result.code if isinstance(result, Rejected) else "ok"
        return result
    except Exception as error:
        payload = dispatch.payload
        texts = payload if isinstance(payload, Mapping) else payload.model_dump(mode="json")
        hide(error, personal_texts_in(texts))
        raise
    finally:
        log.info(
            "message",
            name=dispatch.name,
            outcome=outcome,
            duration_ms=round((time.perf_counter() - started) * 1000, 3),
            actor=context.actor,
        )
