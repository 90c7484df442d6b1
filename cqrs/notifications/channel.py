"""The channel of announcements: Redis where there is one, else NOTIFY on the read database."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
import redis
from django.db import connections
from psycopg import sql
from psycopg.pq import Conninfo

from cqrs import redis_server
from cqrs.conf import conf
from cqrs.database.aliases import PROJECTION_ALIAS, READ_ALIAS
from cqrs.database.cursors import server_cursor

POLL_S = 1.0
SILENCE_S = 5.0  # a server that answers nothing for so long is away
MAX_LENGTH = 7_999  # bytes of a NOTIFY
# A host that vanished without a word is given up after seconds, not after the system's hours.
LIMITS = {"connect_timeout": 3, "tcp_user_timeout": 5_000, "keepalives_idle": 3,
          "keepalives_interval": 1, "keepalives_count": 2}  # fmt: skip
# Django's settings of a database, by libpq's names.
PARAMETERS = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST",
              "port": "PORT"}  # fmt: skip


def texts(lines: Sequence[str]) -> list[str]:
    """Return the lines in as few texts as a NOTIFY can take, each of one or several lines."""
    found: list[str] = []
    for line in lines:
        if found and len(found[-1]) + len(line) < MAX_LENGTH:
            found[-1] += f"\n{line}"
        else:
            found.append(line)
    return found


def publish(text: str) -> None:
    """Send the text to every process through Redis. Raises `redis.RedisError`."""
    with redis_server.shared().use("announce") as client:
        client.publish(conf().CHANNEL, text)


def notify(text: str, using: str = PROJECTION_ALIAS) -> None:
    """Send the text to every process through PostgreSQL, with the commit of the transaction."""
    server_cursor(using).execute("SELECT pg_notify(%s, %s)", [conf().CHANNEL, text])


def messages(alive: Callable[[], None]) -> Iterator[str | None]:
    """Yield None when listening has begun, then each text.

    Calls `alive` when the server has answered and all texts before that are yielded. Raises the
    driver's error when the server has gone.
    """
    yield from _from_redis(alive) if conf().REDIS_URL else _from_postgresql(alive)


def _from_redis(alive: Callable[[], None]) -> Iterator[str | None]:
    client: Any = redis.Redis.from_url(
        conf().REDIS_URL, socket_connect_timeout=SILENCE_S, socket_timeout=SILENCE_S
    )
    with client, client.pubsub(ignore_subscribe_messages=True) as subscription:
        subscription.subscribe(conf().CHANNEL)
        yield None
        heard_at = time.monotonic()
        while True:
            message = subscription.get_message(timeout=POLL_S)
            if message is not None:
                heard_at = time.monotonic()
                if message["type"] == "message":
                    yield message["data"].decode()
                alive()
            elif time.monotonic() > heard_at + SILENCE_S:
                raise redis.TimeoutError("Redis is silent")
            else:
                subscription.ping()


def _from_postgresql(alive: Callable[[], None]) -> Iterator[str | None]:
    with psycopg.connect(**_parameters(), autocommit=True) as connection:
        listen = sql.SQL("LISTEN {}").format(sql.Identifier(conf().CHANNEL))
        connection.execute(listen)
        yield None
        while True:
            for notice in connection.notifies(timeout=POLL_S):
                yield notice.payload
            alive()
            connection.execute(listen)  # changes nothing, but a server that has gone fails it


def _parameters() -> dict[str, Any]:
    """Return libpq's parameters of the read database: its TLS options are among them."""
    given = connections[READ_ALIAS].settings_dict
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    options = {name: value for name, value in given["OPTIONS"].items() if name in known}
    found = {name: given[key] for name, key in PARAMETERS.items() if given[key]}
    # A standby cannot listen.
    return {**LIMITS, **options, **found, "target_session_attrs": "primary"}
