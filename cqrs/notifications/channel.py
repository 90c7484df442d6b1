"""The channel of announcements: Redis where there is one, else NOTIFY on the read database."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import psycopg
import redis
from django.db import connections
from psycopg import sql
from psycopg.pq import Conninfo

from cqrs.conf import conf
from cqrs.database.aliases import PROJECTION_ALIAS, READ_ALIAS
from cqrs.database.cursors import server_cursor

POLL_S = 1.0
MAX_LENGTH = 7_999  # bytes of a NOTIFY
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
    _redis().publish(conf().CHANNEL, text)


def notify(text: str, using: str = PROJECTION_ALIAS) -> None:
    """Send the text to every process through PostgreSQL, with the commit of the transaction."""
    server_cursor(using).execute("SELECT pg_notify(%s, %s)", [conf().CHANNEL, text])


def messages() -> Iterator[str | None]:
    """Yield None when listening has begun, then each text."""
    yield from _from_redis() if conf().REDIS_URL else _from_postgresql()


def _from_redis() -> Iterator[str | None]:
    client: Any = _redis()
    with client.pubsub(ignore_subscribe_messages=True) as subscription:
        subscription.subscribe(conf().CHANNEL)
        yield None
        while True:
            if message := subscription.get_message(timeout=POLL_S):
                yield message["data"].decode()


def _from_postgresql() -> Iterator[str | None]:
    with psycopg.connect(**_parameters(), autocommit=True) as connection:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(conf().CHANNEL)))
        yield None
        for notice in connection.notifies():
            yield notice.payload


def _parameters() -> dict[str, Any]:
    """Return libpq's parameters of the read database: its TLS options are among them."""
    given = connections[READ_ALIAS].settings_dict
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    options = {name: value for name, value in given["OPTIONS"].items() if name in known}
    found = {name: given[key] for name, key in PARAMETERS.items() if given[key]}
    # A standby cannot listen.
    return {"connect_timeout": 3, **options, **found, "target_session_attrs": "primary"}


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(conf().REDIS_URL, socket_connect_timeout=1, socket_timeout=5)
