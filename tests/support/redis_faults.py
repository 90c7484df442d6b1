"""What a Redis is made to suffer in tests."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from tests.support.servers import PrivateRedis


@contextmanager
def hanging(server: PrivateRedis) -> Iterator[None]:
    """Let it accept connections and answer nothing."""
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


@contextmanager
def refusing(server: PrivateRedis) -> Iterator[None]:
    """Let it refuse every write, as a replica does, and keep what it has."""
    with redis.Redis.from_url(server.url) as client:
        # "no one" ends it. A replica that has never reached its primary answers with what it has.
        client.replicaof("127.0.0.1", 1)
        try:
            yield
        finally:
            client.replicaof("no", "one")


@contextmanager
def full(server: PrivateRedis) -> Iterator[None]:
    """Let it refuse every write that takes memory."""
    with redis.Redis.from_url(server.url) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
        try:
            yield
        finally:
            client.config_set("maxmemory", 0)
