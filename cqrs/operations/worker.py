"""What a worker does in one step: the Celery task and `projections run` do the same."""

from collections.abc import Callable, Sequence

from cqrs.event_log import sequencer
from cqrs.projections.freshness import freshness
from cqrs.projections.projection import Projection
from cqrs.projections.registry import runner
from cqrs.rebuild.table_copies import active_consumers


def project_once(
    chosen: Sequence[Projection],
    on_batch: Callable[[int], None] | None = None,
) -> bool:
    """Sequence a batch of pending events, and apply it to the projections and their retired copies.

    Retries parked events that are due. Returns whether to call again at once.
    """
    more = sequencer.step()
    consumers = active_consumers(chosen)
    runner.drain(*consumers, on_batch=on_batch)
    runner.retry_due(*consumers)
    freshness.record()
    return more
