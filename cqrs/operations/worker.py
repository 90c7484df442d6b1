"""The work of a worker, which the Celery task and `projections run` call."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from cqrs.database.sessions import sessions_dropped_after_failure
from cqrs.event_log import sequencer
from cqrs.event_log.sequencer import Seen
from cqrs.projections.projection import Projection
from cqrs.projections.registry import runner
from cqrs.reactions.executor import run_transactional
from cqrs.reactions.handover import hand_over
from cqrs.rebuild.serving import active_consumers


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
    events over to the reactions, and runs those that write on `default` alone. After a failure the
    next call begins with new sessions.
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
        self.run_transactional()
        cursors = []
        seen = sequencer.step(also=lambda: cursors.append(hand_over()))
        external, transactional = cursors[0].fetchone()
        self.external += external
        self.transactional += transactional
        return seen

    def run_transactional(self) -> None:
        """React to what the last steps have handed over."""
        if self.transactional:
            self.transactional = 0
            run_transactional()
