"""Let a command that meets an outside change adopt it first, and run again."""

from typing import Any

from cqrs.adoption.adopting import Looked
from cqrs.adoption.looking import look
from cqrs.event_log.digests import UnknownDigest
from cqrs.event_log.outside import ChangedOutside
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Rejected, Result

ROUNDS = 20  # of a program that changes the same row again and again

_PARKED = Rejected(
    "changed_outside",
    "Another program has changed this in a way that a person has to look at first",
)


def adoption(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Adopt what the rest finds changed outside, in a transaction before the one that runs again.

    So the adoption stays when the command is refused; within an open transaction it belongs to
    that. Refuses with `changed_outside` what is parked. Raises `UnknownDigest` for what only a
    newer build can judge, and `ChangedOutside` when the changes do not end.
    """
    for _ in range(ROUNDS):
        try:
            return call_next(dispatch)
        except ChangedOutside as changed:
            streams, error = changed.streams, changed
        looked = sum((look(*stream) for stream in streams.items()), Looked())
        if looked.newer:
            raise UnknownDigest from error
        if looked.parked:
            return _PARKED
    raise error
