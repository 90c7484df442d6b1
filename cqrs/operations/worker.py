"""Carrying events to the read models: what the Celery task and `projections run` do alike."""

from collections.abc import Callable, Sequence

from cqrs.event_log import sequencer
from cqrs.projections.engine import Projection
from cqrs.projections.freshness import record_caught_up
from cqrs.projections.registry import runner
from cqrs.rebuild.table_copies import active_consumers


def project_once(
    chosen: Sequence[Projection],
    on_batch: Callable[[int], None] | None = None,
) -> bool:
    """Sequence a batch of what is pending, and apply it to the projections and their kept copies.

    Tries parked events again that are due. Says whether to call again at once.
    """
    more = sequencer.step()
    consumers = active_consumers(chosen)
    runner.drain(*consumers, on_batch=on_batch)
    runner.retry_due(*consumers)
    record_caught_up()
    return more
