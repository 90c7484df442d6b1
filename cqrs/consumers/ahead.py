"""Ahead of the log: a consumer has applied events that the log does not have any more.

`default` was restored from a backup, or promoted with a loss: it gives positions to other events
then. So a checkpoint names the event at its position, and one that does not find it there stays.
"""

import time
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

import structlog

from cqrs.conf import cached_setting
from cqrs.consumers.partitions import HEALING, PartitionCheckpoint
from cqrs.event_log import feed

WARN_EVERY_S = 60.0

log = structlog.get_logger("cqrs.consumers")


class AheadOfLog(RuntimeError):
    """A consumer has applied what the log does not have any more. Nothing was changed."""

    def __init__(self, consumers: Iterable[str]) -> None:
        names = ", ".join(sorted({*consumers}))
        super().__init__(
            f"The read side is ahead of the log ({names}): the log has lost events that it has"
            " applied; run `projections heal`"
        )


def is_ahead(checkpoint: PartitionCheckpoint, event_id: UUID | None) -> bool:
    """Return whether the log has another event, or none, at the position of a checkpoint.

    `event_id` is that of the log. A checkpoint of an earlier build does not name its event.
    """
    if checkpoint.event_id == HEALING:
        return True
    if not checkpoint.position:
        return False
    return event_id is None or checkpoint.event_id not in (None, event_id)


def ahead_of_log(checkpoints: Sequence[PartitionCheckpoint]) -> list[PartitionCheckpoint]:
    """Return which of these checkpoints are ahead. Read them before: the log only grows."""
    ids = feed.ids_at({each.position for each in checkpoints if each.position})
    return [each for each in checkpoints if is_ahead(each, ids.get(each.position))]


def require_not_ahead(checkpoints: Sequence[PartitionCheckpoint]) -> None:
    """Raise `AheadOfLog` if one of these checkpoints is ahead."""
    if found := ahead_of_log(checkpoints):
        raise AheadOfLog(each.consumer for each in found)


@cached_setting
def _warned_at() -> dict[str, float]:
    """Return when this process has last warned of a consumer, in `time.monotonic()`."""
    return {}


def warn(checkpoints: Collection[PartitionCheckpoint]) -> None:
    """Log that these are ahead, each consumer once a minute."""
    now, warned_at = time.monotonic(), _warned_at()
    for each in checkpoints:
        if now - warned_at.get(each.consumer, -WARN_EVERY_S) >= WARN_EVERY_S:
            warned_at[each.consumer] = now
            log.error("ahead_of_log", consumer=each.consumer, position=each.position)
