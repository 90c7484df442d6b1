"""Waking reads that wait: whoever has applied a batch rings, and every process hears it.

Through Redis where there is one, else through NOTIFY on the read database. A ring that is lost, or
a standby where nobody can listen, costs a waiting read some polling and nothing else.
"""

import threading
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import psycopg
import redis
import structlog
from django.conf import settings
from django.db import connections

from cqrs.applying import Consumer
from cqrs.breaker import Breaker
from cqrs.signals import batch_applied
from readmodels.projections import PROJECTIONS
from readmodels.router import PROJECTION_ALIAS, READ_ALIAS

CHANNEL = "order_desk_applied"
RECONNECT_S = 1.0
# Of libpq's options those that the listener needs: it is a plain connection of its own.
PARAMETERS = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host",
              "PORT": "port"}  # fmt: skip

NAMES = frozenset(projection.name for projection in PROJECTIONS)

log = structlog.get_logger("readmodels.wakeups")
breaker = Breaker(redis.RedisError)


def connect() -> None:
    """Ring whenever a projection has applied something."""
    batch_applied.connect(ring, dispatch_uid="readmodels.ring")


def ring(consumer: Consumer, **_: Any) -> None:
    """Tell all processes that the projection has applied something. Never fails the worker."""
    if consumer.name not in NAMES:
        return  # nobody waits for a copy
    if not settings.REDIS_URL:
        with connections[PROJECTION_ALIAS].cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, consumer.name])
    elif not breaker.is_open():
        try:
            with breaker.watching():
                _redis().publish(CHANNEL, consumer.name)
        except redis.RedisError as error:
            log.warning("nobody_woken", reason=type(error).__name__)


class Bell:
    """Counts the rings of all processes. Listens from the first time that somebody waits."""

    def __init__(self) -> None:
        self.rings = 0
        self.is_listening = False
        self._rung = threading.Condition()
        self._thread: threading.Thread | None = None

    def wait(self, rings: int, timeout_s: float) -> None:
        """Return when it has rung more often than `rings`, or the time is up."""
        with self._rung:
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="bell", daemon=True)
                self._thread.start()
            self._rung.wait_for(lambda: self.rings > rings, timeout_s)

    def _listen(self) -> None:
        while True:
            try:
                for _ in _rings():
                    self.is_listening = True
                    with self._rung:
                        self.rings += 1
                        self._rung.notify_all()
            except (redis.RedisError, psycopg.Error) as error:
                log.info("bell_unheard", reason=type(error).__name__)
            self.is_listening = False
            time.sleep(RECONNECT_S)


def _rings() -> Iterator[None]:
    """Yield once when listening has begun, for what came before it, then at every ring."""
    if settings.REDIS_URL:
        with _redis().pubsub(ignore_subscribe_messages=True) as subscription:
            subscription.subscribe(CHANNEL)
            yield
            while True:
                if subscription.get_message(timeout=RECONNECT_S) is not None:
                    yield
    with psycopg.connect(**_parameters(), autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        yield
        for _ in connection.notifies():
            yield


def _parameters() -> dict[str, Any]:
    given = connections[READ_ALIAS].settings_dict
    found = {name: given[key] for key, name in PARAMETERS.items() if given[key]}
    # A standby cannot listen.
    return {**found, "connect_timeout": 3, "target_session_attrs": "primary"}


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=5)
