"""Flags that all processes see, and that expire: hints, which may get lost.

They stand in Django's cache. While its Redis is away, none is set and setting one does nothing:
then a task runs more often than it must, and not less often.
"""

from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from redis.exceptions import RedisError

from cqrs import redis_server
from cqrs.conf import conf

Answer = TypeVar("Answer")


def raise_flag(name: str, seconds: float) -> bool:
    """Set a flag; return False if it was set before."""
    return _from_cache(lambda: cache.add(name, 1, timeout=seconds), True)


def is_raised(name: str) -> bool:
    # Without its value, which anything may have written.
    return _from_cache(lambda: cache.has_key(name), False)


def raise_flags(*names: str, seconds: float) -> None:
    """Set flags, whether they were set before or not."""
    _from_cache(lambda: cache.set_many(dict.fromkeys(names, 1), timeout=seconds), None)


def lower_flags(*names: str) -> None:
    _from_cache(lambda: cache.delete_many(names), None)


def _from_cache(call: Callable[[], Answer], otherwise: Answer) -> Answer:
    if not conf().REDIS_URL:
        return call()
    try:
        with redis_server.shared().use("flags"):
            return call()
    except RedisError:
        return otherwise
