"""The broker of one process wakes its consumers, and they look for nothing meanwhile."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from kombu import Connection, Consumer, Queue

from config.serve import memory_broker
from tests.support.desk import wait_for

SHOW = """
import django
django.setup()
from config.celery import app
transport = type(app.connection_for_write().transport)
print(transport.__module__, transport.__name__)
"""
QUEUE = Queue("of this test", routing_key="of this test")


class Looks(memory_broker.Channel):
    """Counts how often a consumer looks into its queue."""

    number = 0

    def _get(self, *given: Any, **more: Any) -> Any:
        type(self).number += 1
        return super()._get(*given, **more)


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    monkeypatch.setattr(memory_broker.Transport, "Channel", Looks)
    monkeypatch.setattr(Looks, "number", 0)
    with connected() as connection:
        yield connection


def connected() -> Connection:
    return Connection(settings.MEMORY_BROKER, transport=memory_broker.Transport)


class TestMemoryBroker:
    def test_is_the_broker_without_another_one(self, tmp_path: Path) -> None:
        variables = {"REDIS_URL": "", "CELERY_BROKER_URL": "", "LOCAL_DIR": str(tmp_path)}
        found = subprocess.run(
            [sys.executable, "-c", SHOW],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.split() == ["config.serve.memory_broker", "Transport"]

    def test_looks_once_until_a_message_comes(self, connection: Connection) -> None:
        received: list[Any] = []
        with Consumer(connection, QUEUE, callbacks=[lambda body, _: received.append(body)]):
            with pytest.raises(TimeoutError):
                connection.drain_events(timeout=0.5)
            assert Looks.number == 1
            waiting = threading.Thread(target=connection.drain_events, kwargs={"timeout": 30})
            waiting.start()
            wait_for(lambda: Looks.number == 2)
            _publish("a task")
            waiting.join(20)
        assert (received, Looks.number) == (["a task"], 3)

    @pytest.mark.parametrize("end", ["ack", "reject"])
    def test_delivers_the_next_message_when_the_consumer_may_hold_it(
        self, connection: Connection, end: str
    ) -> None:
        received: list[Any] = []
        with Consumer(connection, QUEUE, on_message=received.append, prefetch_count=1):
            for body in ("first", "second"):
                _publish(body)
            connection.drain_events(timeout=5)
            waiting = threading.Thread(target=connection.drain_events, kwargs={"timeout": 30})
            waiting.start()
            getattr(received[0], end)()
            waiting.join(20)
        assert [each.decode() for each in received] == ["first", "second"]


def _publish(body: str) -> None:
    with connected() as connection:
        connection.Producer().publish(body, routing_key=QUEUE.routing_key, declare=[QUEUE])
