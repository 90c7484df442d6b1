"""Waking reads that wait: whoever has applied a batch rings, and every process hears it.

Through Redis where there is one, else through NOTIFY on the read database. A ring that is lost, or
a standby where nobody can listen, costs a waiting read some polling and nothing else. It says what
was changed, for the answers that a process keeps.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import psycopg
import redis
import structlog
from django.db import connections

from cqrs.conf import conf
from cqrs.consumers.applier import Consumer
from cqrs.database.aliases import PROJECTION_ALIAS, READ_ALIAS
from cqrs.database.breaker import Breaker
from cqrs.event_log.events import StoredEvent
from cqrs.event_log.signals import batch_applied
from cqrs.notifications.changes import Change

RECONNECT_S = 1.0
# Of libpq's options those that the listener needs: it is a plain connection of its own.
PARAMETERS = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host",
              "PORT": "port"}  # fmt: skip

log = structlog.get_logger("cqrs.notifications")
breaker = Breaker(redis.RedisError)


def connect() -> None:
    """Ring whenever a projection has applied something."""
    batch_applied.connect(ring, dispatch_uid="cqrs.publish_applied")


def ring(consumer: Consumer, events: Sequence[StoredEvent], **_: Any) -> None:
    """Tell all processes what the projection has changed. Never fails the worker."""
    change = Change.by(consumer, events)
    if change is None:
        return  # nobody waits for a copy
    if not conf().REDIS_URL:
        with connections[PROJECTION_ALIAS].cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [conf().CHANNEL, str(change)])
    elif not breaker.is_open():
        try:
            with breaker.watching():
                _redis().publish(conf().CHANNEL, str(change))
        except redis.RedisError as error:
            log.warning("nobody_woken", reason=type(error).__name__)


class Bell:
    """Counts the rings of all processes. Listens from the first time that somebody wants it to.

    `hearers` are called at each ring with what it says, and with None when listening has begun:
    anything may have been missed before.
    """

    def __init__(self, *hearers: Callable[[Change | None], None]) -> None:
        self.rings = 0
        self.is_listening = False
        self.hearers = list(hearers)
        self._rung = threading.Condition()
        self._thread: threading.Thread | None = None

    def wait(self, rings: int, timeout_s: float) -> None:
        """Return when it has rung more often than `rings`, or the time is up."""
        self.listen()
        with self._rung:
            self._rung.wait_for(lambda: self.rings > rings, timeout_s)

    def listen(self) -> None:
        """Begin to listen, if it does not yet. Returns at once."""
        if self._thread is not None:
            return
        with self._rung:
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="bell", daemon=True)
                self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                for text in _rings():
                    self._ring(None if text is None else Change.read(text))
            except (redis.RedisError, psycopg.Error) as error:
                log.info("bell_unheard", reason=type(error).__name__)
            self.is_listening = False
            time.sleep(RECONNECT_S)

    def _ring(self, change: Change | None) -> None:
        for hear in self.hearers:
            hear(change)
        self.is_listening = True
        with self._rung:
            self.rings += 1
            self._rung.notify_all()


bell = Bell()


def _rings() -> Iterator[str | None]:
    """Yield None when listening has begun, for what came before it, then what each ring says."""
    if conf().REDIS_URL:
        with _subscription() as subscription:
            subscription.subscribe(conf().CHANNEL)
            yield None
            while True:
                if message := subscription.get_message(timeout=RECONNECT_S):
                    yield message["data"].decode()
    with psycopg.connect(**_parameters(), autocommit=True) as connection:
        connection.execute(f"LISTEN {conf().CHANNEL}")
        yield None
        for notice in connection.notifies():
            yield notice.payload


def _parameters() -> dict[str, Any]:
    given = connections[READ_ALIAS].settings_dict
    found = {name: given[key] for key, name in PARAMETERS.items() if given[key]}
    # A standby cannot listen.
    return {**found, "connect_timeout": 3, "target_session_attrs": "primary"}


def _subscription() -> Any:
    client: Any = _redis()
    return client.pubsub(ignore_subscribe_messages=True)


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(conf().REDIS_URL, socket_connect_timeout=1, socket_timeout=5)
