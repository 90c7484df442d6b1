"""Forgetting what was answered from a database that is gone or was emptied past all projections."""

from cqrs.caching import behavior
from readmodels.projections import PROJECTIONS


def forget() -> None:
    behavior.in_memory.clear()
    behavior.in_redis.invalidate(projection.name for projection in PROJECTIONS)
