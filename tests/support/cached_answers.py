"""Forgetting what was answered from a database that is gone or was emptied past all projections."""

from cqrs.caching.answer_cache import answer_cache
from readmodels.projections import PROJECTIONS


def forget() -> None:
    answer_cache.memory.clear()
    answer_cache.redis.invalidate(projection.name for projection in PROJECTIONS)
