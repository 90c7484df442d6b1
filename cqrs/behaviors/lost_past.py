"""Refuse a command whose client knows a past that the log has lost."""

from dataclasses import replace
from typing import Any

from django.db import transaction

from cqrs.event_log.epoch import finding_epoch, read_epoch
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import FieldError, Ok, Rejected, Result

_LOST = Rejected(
    "lost_past",
    "The log has lost a part of its past, and the token is of it: read again, without it",
    (FieldError("X-Consistency-Token", "lost_past", "It is of a past that is lost"),),
)


def lost_past(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Give the answer the log's epoch; refuse with `lost_past` when another one is expected.

    The handler's own statements read the epoch, so it is compared after them, and the refusal takes
    their writes back. It replaces a refusal of the handler: what the client asks about can be gone.
    """
    with finding_epoch() as found:
        result = call_next(dispatch)
    expected = dispatch.expected_epoch
    # After a failed statement the transaction can read nothing: then the handler's refusal stays.
    if expected is not None and found.epoch is None and not transaction.get_rollback():
        found.epoch = read_epoch()
    if None not in (expected, found.epoch) and expected != found.epoch:
        return _LOST
    return replace(result, epoch=found.epoch) if isinstance(result, Ok) else result
