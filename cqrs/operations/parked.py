"""Handling parked events, for the command line and the admin."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from cqrs.projections.projection import Projection
from cqrs.projections.registry import projections, runner
from cqrs.rebuild.table_copies import active_consumers


def parked(*projections: Projection) -> QuerySet[Any]:
    """Return the parked events of the projections in the order of the feed."""
    return runner.parking.rows(*(projection.name for projection in projections))


def retry_all(*projections: Projection) -> int:
    """Retry every parked aggregate of the projections; return how many events were applied."""
    return sum(runner.retry_all(projection) for projection in projections)


def retry(rows: Sequence[Any]) -> int:
    """Try the aggregates of these parked events again; return how many events went."""
    by_name = {projection.name: projection for projection in active_consumers(projections())}
    streams = dict.fromkeys((row.consumer, (row.stream_type, row.stream_id)) for row in rows)
    return sum(runner.retry(by_name[name], stream) for name, stream in streams if name in by_name)


def discard(rows: Sequence[Any]) -> None:
    """Forget parked events for good: the read model will lack what they say."""
    runner.parking.discard(rows)
