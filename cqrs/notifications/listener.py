"""What a projection has applied is announced, and every process listens.

The announcement goes through Redis where there is one, else through NOTIFY on the read database. It
wakes waiting reads and names what has changed, for the answers that a process has cached.
A lost announcement, or a standby, where LISTEN is impossible, costs a waiting read some polling.
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
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.signals import batch_applied
from cqrs.notifications.changes import Change

RECONNECT_S = 1.0
# Of libpq's options those that the listener needs: it is a plain connection of its own.
PARAMETERS = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host",
              "PORT": "port"}  # fmt: skip

log = structlog.get_logger("cqrs.notifications")
breaker = Breaker(redis.RedisError)


def connect() -> None:
    """Announce whatever a projection applies."""
    batch_applied.connect(publish_applied, dispatch_uid="cqrs.publish_applied")


def publish_applied(consumer: Consumer, events: Sequence[RecordedEvent], **_: Any) -> None:
    """Announce to all processes what the projection has changed. Never fails the worker."""
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
            log.warning("change_not_announced", reason=type(error).__name__)


class AppliedListener:
    """Counts the announcements of all processes. Its thread starts at the first use.

    `subscribers` are called with each announced change, and with None when listening has begun:
    anything may have been missed before.
    """

    def __init__(self, *subscribers: Callable[[Change | None], None]) -> None:
        self.messages = 0
        self.is_listening = False
        self.subscribers = list(subscribers)
        self._arrived = threading.Condition()
        self._thread: threading.Thread | None = None

    def wait(self, messages: int, timeout_s: float) -> None:
        """Return when more than `messages` announcements have come, or the time is up."""
        self.listen()
        with self._arrived:
            self._arrived.wait_for(lambda: self.messages > messages, timeout_s)

    def listen(self) -> None:
        """Start the listening thread unless it runs. Returns at once."""
        if self._thread is not None:
            return
        with self._arrived:
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
                self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                for text in _messages():
                    self._receive(None if text is None else Change.read(text))
            except (redis.RedisError, psycopg.Error) as error:
                log.info("listener_disconnected", reason=type(error).__name__)
            self.is_listening = False
            time.sleep(RECONNECT_S)

    def _receive(self, change: Change | None) -> None:
        for on_change in self.subscribers:
            on_change(change)
        self.is_listening = True
        with self._arrived:
            self.messages += 1
            self._arrived.notify_all()


listener = AppliedListener()


def _messages() -> Iterator[str | None]:
    """Yield None when listening has begun, then the text of each announcement."""
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
