"""The work of a worker, which the Celery task and `projections run` call."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog
from django.db.backends.utils import CursorWrapper

from cqrs.conf import cached_setting
from cqrs.database.aliases import WRITE_ALIAS
from cqrs.database.breaker import Breaker
from cqrs.database.outages import is_outage
from cqrs.database.pipelines import pipelined_transaction
from cqrs.database.sessions import sessions_dropped_after_failure
from cqrs.event_log import sequencer
from cqrs.event_log.sequencer import Seen
from cqrs.messaging.error_text import error_text
from cqrs.projections.projection import Projection
from cqrs.projections.registry import runner
from cqrs.reactions.executor import run_transactional
from cqrs.reactions.handover import hand_over
from cqrs.rebuild.serving import active_consumers

# Projections wait for a trial of the hand-over, so it is short, and not in each step.
TRIAL_PAUSE_S, TRIAL_LOCK_TIMEOUT_MS = 5.0, 100

log = structlog.get_logger("cqrs.reactions")


@cached_setting
def hand_over_breaker() -> Breaker:
    """Return the breaker of this process: while it is open, steps do not hand over."""
    return Breaker(pause_s=TRIAL_PAUSE_S)


class Worked(NamedTuple):
    """How many positions were passed, of all partitions, and whether reactions have work now."""

    passed: int
    has_reactions: bool


def project(
    chosen: Sequence[Projection],
    on_batch: Callable[[int], None] | None = None,
    limit_s: float = math.inf,
) -> Worked:
    """Sequence what is pending, and apply it to the projections and their retired copies.

    Ends when nothing is left, or after `limit_s`. Retries parked events that are due. Hands the
    events over to the reactions, unless that has failed a moment ago, and runs those that write on
    `default` alone. After a failure the next call begins with new sessions.
    """
    handed = _HandedOver()
    with sessions_dropped_after_failure():
        try:
            passed = runner.drain(
                *active_consumers(chosen), look=handed.step, on_batch=on_batch, limit_s=limit_s
            )
        finally:
            handed.run_transactional()
    return Worked(passed, bool(handed.external))


class _HandedOver:
    """Sequences with the hand-over in the same transaction, and counts the rows handed over."""

    def __init__(self) -> None:
        self.external = self.transactional = 0

    def step(self) -> Seen:
        """Sequence and hand over; after a failure sequence, and retry the hand-over on its own."""
        self.run_transactional()
        if hand_over_breaker().state == "closed":
            return self._together()
        seen = sequencer.step()
        if not hand_over_breaker().is_open():
            self._alone()
        return seen

    def _together(self) -> Seen:
        cursors = list[CursorWrapper]()
        try:
            seen = sequencer.step(also=lambda: cursors.append(hand_over()))
        except Exception as error:
            if is_outage(error):
                raise
            seen = sequencer.step()  # raises if the hand-over is not what fails
            _pause(error)
        else:
            self._count(cursors[0])
        return seen

    def _alone(self) -> None:
        try:
            with pipelined_transaction(WRITE_ALIAS, lock_timeout_ms=TRIAL_LOCK_TIMEOUT_MS):
                cursor = hand_over()
        except Exception as error:
            if is_outage(error):
                raise
            _pause(error)
        else:
            self._count(cursor)
            hand_over_breaker().reset()

    def _count(self, handed_over: CursorWrapper) -> None:
        external, transactional = handed_over.fetchone()
        self.external += external
        self.transactional += transactional

    def run_transactional(self) -> None:
        """React to what the last steps have handed over."""
        if self.transactional:
            self.transactional = 0
            run_transactional()


def _pause(error: Exception) -> None:
    hand_over_breaker().open()
    log.warning("hand_over_failed", pause_s=TRIAL_PAUSE_S, error=error_text(error))
