"""Handling parked events, for the command line and the admin."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from readmodels.builds import followed
from readmodels.engine import Projection
from readmodels.registry import projections, runner


def parked(*projections: Projection) -> QuerySet[Any]:
    """Return the parked events of the projections in the order of the feed."""
    return runner.parking.rows(*(projection.name for projection in projections))


def retry_all(*projections: Projection) -> int:
    """Try every parked aggregate again, in the order of the feed; return how many events went.

    An event may wait for one of another aggregate that is tried later only if that is parked, too:
    so it goes on as long as something moves.
    """
    total = 0
    while moved := sum(_retry_once(projection) for projection in projections):
        total += moved
    return total


def retry(rows: Sequence[Any]) -> int:
    """Try the aggregates of these parked events again; return how many events went."""
    by_name = {projection.name: projection for projection in followed(projections())}
    streams = dict.fromkeys((row.consumer, (row.stream_type, row.stream_id)) for row in rows)
    return sum(runner.retry(by_name[name], stream) for name, stream in streams if name in by_name)


def discard(rows: Sequence[Any]) -> None:
    """Forget parked events for good: the read model will lack what they say."""
    runner.parking.discard(rows)


def _retry_once(projection: Projection) -> int:
    return retry(list(parked(projection)))
