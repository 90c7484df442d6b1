"""Measure the position and lag of each consumer, for operators and monitoring."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cqrs.consumers.ahead import AheadOfLog
from cqrs.event_log import sequencer
from cqrs.models import Pending
from cqrs.operations.blocked import blocked_reason
from cqrs.operations.progress import PROJECTION, Progress, of_projections, of_reactions
from cqrs.projections.projection import Projection
from cqrs.projections.registry import code_of
from cqrs.reactions.reaction import Reaction

SAMPLE_S = 0.5


class State(StrEnum):
    """How a consumer stands."""

    LEVEL = "level"
    BEHIND = "behind"
    PARKED = "parked"
    BLOCKED = "blocked"
    """This build cannot advance it; the status says why."""
    AHEAD = "ahead"
    """It has applied events that the log has lost: it stays until `projections heal`."""


@dataclass(frozen=True, slots=True)
class LogStatus:
    """The event log: its head, and the committed events without a position."""

    head: int
    pending: int
    oldest_pending_seconds: float


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """The lag of one partition, which includes committed events without a position.

    `lag_seconds` is the age of the first event that it has not passed.
    """

    partition: int
    position: int
    lag_events: int
    lag_seconds: float


@dataclass(frozen=True, slots=True)
class ConsumerStatus:
    """The lag of one projection or reaction: that of the partition that is farthest behind.

    `version` is that of its tables. `lag_events` of a reaction includes the events that it has not
    reacted to. `rate` is in events per second, None if it was not measured. `parked` counts the
    events that failed, or wait behind one; `parked_oldest_seconds` is the age of the oldest.
    `reason` says why it is blocked, or ahead.
    """

    consumer: str
    kind: str
    version: int
    position: int
    head: int
    lag_events: int
    lag_seconds: float
    rate: float | None
    parked: int
    parked_oldest_seconds: float
    state: State
    reason: str | None
    partitions: tuple[PartitionStatus, ...]


def log_status() -> LogStatus:
    """Return where the event log stands."""
    pending_s = round(sequencer.oldest_pending_age_s(), 3)
    return LogStatus(sequencer.head(), Pending.objects.count(), pending_s)


def statuses(
    log: LogStatus,
    projections: Sequence[Projection],
    reactions: Sequence[Reaction],
    *,
    measure: bool = True,
) -> list[ConsumerStatus]:
    """Return the status of each consumer; with `measure`, takes 0.5 s if one is behind."""

    def look() -> list[Progress]:
        return [*of_projections(projections), *of_reactions(reactions, log.head)]

    found, rates = look(), dict[tuple[str, str], float]()
    if measure and any(each.lag(log.head) for each in found):
        before, started = found, time.monotonic()
        time.sleep(SAMPLE_S)
        found, elapsed_s = look(), time.monotonic() - started
        rates = {
            (new.kind, new.consumer): (new.passed - old.passed) / elapsed_s
            for old, new in zip(before, found, strict=True)
        }
    return [_status(each, log, rates.get((each.kind, each.consumer))) for each in found]


def _status(found: Progress, log: LogStatus, rate: float | None) -> ConsumerStatus:
    # Another worker may have gone on since the look at the log.
    head = log.head if found.ahead else max(found.position, log.head)
    partitions = tuple(
        PartitionStatus(
            partition=partition,
            position=position,
            lag_events=max(0, head - position) + found.waiting + log.pending,
            lag_seconds=round(
                max(found.ages_s[position], found.waiting_s, log.oldest_pending_seconds), 3
            ),
        )
        for partition, position in found.positions
    )
    lag_events = max(each.lag_events for each in partitions)
    reason = _reason(found, lag_events)
    return ConsumerStatus(
        consumer=found.consumer,
        kind=found.kind,
        version=found.version,
        position=found.position,
        head=head,
        lag_events=lag_events,
        lag_seconds=max(each.lag_seconds for each in partitions),
        rate=None if rate is None else round(rate, 1),
        parked=found.parked,
        parked_oldest_seconds=found.parked_s,
        state=_state(found, lag_events, reason),
        reason=reason,
        partitions=partitions,
    )


def _reason(found: Progress, lag_events: int) -> str | None:
    if found.ahead:
        return str(AheadOfLog([found.consumer]))
    if found.kind != PROJECTION:
        return None
    is_foreign = code_of(found.consumer, found.version) is None
    return blocked_reason(found.consumer) if lag_events or is_foreign else None


def _state(found: Progress, lag_events: int, reason: str | None) -> State:
    if found.ahead:
        return State.AHEAD
    if reason:
        return State.BLOCKED
    if found.parked:
        return State.PARKED
    return State.BEHIND if lag_events else State.LEVEL
