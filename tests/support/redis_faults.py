"""What a Redis is made to suffer in tests."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import redis

from tests.support.desk import wait_for
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


@contextmanager
def unable_to_save(server: PrivateRedis) -> Iterator[None]:
    """Let it refuse every write because its last snapshot failed."""
    with redis.Redis.from_url(server.url) as client:
        gone = server.folder / "gone"
        gone.mkdir()
        client.config_set("save", "3600 1")
        client.config_set("dir", str(gone))
        gone.rmdir()
        _save(client, "err")
        try:
            yield
        finally:
            gone.mkdir()
            client.config_set("dir", str(server.folder))
            _save(client, "ok")
            client.config_set("save", "")
            gone.rmdir()


def _save(client: Any, status: str) -> None:
    with suppress(redis.ResponseError):  # the fork can fail at once
        client.bgsave()
    wait_for(lambda: client.info("persistence")["rdb_last_bgsave_status"] == status)


@contextmanager
def loading(server: PrivateRedis) -> Iterator[None]:
    """Restart it; until the end of the block it reads its data, and refuses every command."""
    with redis.Redis.from_url(server.url) as client:
        client.config_set("rdbcompression", "no")
        for number in range(300):  # it answers after each two megabytes
            client.set(f"filler:{number}", "x" * 200_000)
        client.save()
    server.kill()
    slowly = SlowlyLoading(server)
    slowly.start()
    try:
        yield
    finally:
        slowly.kill()
        (server.folder / "dump.rdb").unlink()
        server.start()


class SlowlyLoading(PrivateRedis):
    """A Redis over another one's data that takes seconds to read them."""

    def __init__(self, server: PrivateRedis) -> None:
        super().__init__(server.folder)
        self.port = server.port

    def command(self) -> Sequence[str | Path]:
        return [*super().command(), "--key-load-delay", "20000"]

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                client.get("x")
        except redis.BusyLoadingError:
            return True
        except redis.RedisError:
            return False
        return False
