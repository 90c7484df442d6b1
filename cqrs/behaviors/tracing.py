"""A span around each message."""

from typing import Any

from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Rejected, Result
from cqrs.messaging.tracing import span


def tracing(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Trace the rest under the message's name, with its outcome. Without a tracer it only calls."""
    with span(dispatch.name) as message:
        result = call_next(dispatch)
        if message.is_recorded:
            outcome = result.code if isinstance(result, Rejected) else "ok"
            message.note(outcome=outcome, replayed=result.replayed)
        return result
