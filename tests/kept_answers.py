"""Forgetting what was answered from a database that is gone or was emptied past all projections."""

from readmodels import caching
from readmodels.projections import PROJECTIONS


def forget() -> None:
    caching.in_memory.clear()
    caching.in_redis.invalidate(projection.name for projection in PROJECTIONS)
