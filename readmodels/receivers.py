"""Wake the read side after the write side's events; no other code does.

A wake-up is only a hint: the events are in the log, and the periodic sweep finds them after a lost
wake-up. So a wake-up must not delay a command for long, and must not fail it.
"""

from typing import Any

from celery.exceptions import OperationalError as BrokerError
from django.core.cache import cache
from django.db import connection, transaction
from redis.exceptions import RedisError

from cqrs.database.breaker import Breaker
from cqrs.event_log.signals import event_published
from readmodels.tasks import WAKE_UP_FLAG, WAKE_UP_SECONDS, project

breaker = Breaker(BrokerError, RedisError)


def connect() -> None:
    """Wake the read side after every published event from now on."""
    event_published.connect(wake_up_after_commit, dispatch_uid="readmodels.wake_up")


def wake_up_after_commit(**_: Any) -> None:
    """Queue the projection task after the commit, once for all events of the transaction."""
    if not any(hook[1] is wake_up for hook in connection.run_on_commit):
        # robust: the write is committed, so a dead broker must not look like a failed write.
        transaction.on_commit(wake_up, robust=True)


def wake_up() -> None:
    """Queue the projection task unless one is in the queue.

    Raises when the broker or the cache is out of reach; then the circuit breaker skips both for a
    while.
    """
    if breaker.is_open():
        return
    with breaker.watching():
        if cache.add(WAKE_UP_FLAG, 1, timeout=WAKE_UP_SECONDS):
            project.delay()
