"""Handle parked events, for the command line and the admin."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from cqrs.projections.projection import Projection
from cqrs.projections.registry import projections, runner
from cqrs.rebuild.table_copies import active_consumers


def parked(*projections: Projection) -> QuerySet[Any]:
    """Return the parked events of the projections in the order of the feed."""
    return runner.parking.rows(*(projection.name for projection in projections))


def retry_all(*projections: Projection) -> int:
    """Retry every parked aggregate of the projections; return how many events were applied."""
    return sum(runner.retries.retry_all(projection) for projection in projections)


def retry(rows: Sequence[Any]) -> int:
    """Retry the aggregates of these parked events; return how many events were applied."""
    by_name = {consumer.name: consumer for consumer in active_consumers(projections())}
    streams = dict.fromkeys((row.consumer, (row.stream_type, row.stream_id)) for row in rows)
    known = [(by_name[name], stream) for name, stream in streams if name in by_name]
    return sum(runner.retries.retry(consumer, stream) for consumer, stream in known)


def discard(rows: Sequence[Any]) -> None:
    """Delete parked events: the read model then lacks their effects."""
    with transaction.atomic(using=runner.alias):
        # Else a worker could queue an event behind one that is being discarded.
        runner.partitions.lock({row.consumer for row in rows})
        runner.parking.discard(rows)
