"""Cached answers are tested with Redis, and without."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from cqrs.caching import behavior
from cqrs.conf import conf
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log.signals import batches_applied
from cqrs.notifications.changes import Change
from cqrs.notifications.listener import AppliedListener
from cqrs.notifications.signals import change_received
from tests.support.desk import wait_for
from tests.support.servers import PrivateRedis, private_redis

heard: set[str] = set()


def note(change: Change | None, **_: Any) -> None:
    heard.update(change.invalidation_keys if change else ())


listener = AppliedListener()  # in a test run with Redis the process's own listener listens there


@pytest.fixture(params=["redis", "memory"])
def where(request: Any, settings: Any, monkeypatch: Any) -> Iterator[str]:
    """Run each test with Redis, and without."""
    if request.param == "memory":
        settings.CQRS = {**settings.CQRS, "REDIS_URL": ""}
        monkeypatch.setattr(behavior, "listener", listener)
        change_received.connect(note)
        listener.wait(0, 30)
        assert listener.is_listening
        batches_applied.connect(until_heard)
    yield request.param
    batches_applied.disconnect(until_heard)
    change_received.disconnect(note)


@pytest.fixture
def redis() -> Iterator[PrivateRedis]:
    """Return a Redis of the test's own."""
    with private_redis() as server:
        yield server


def until_heard(**_: Any) -> None:
    """Wait for the batch's announcement, which invalidates once more when it comes back."""
    connection = connections[PROJECTION_ALIAS]
    if connection.in_atomic_block:
        return  # it is not sent yet
    mark = uuid4().hex
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [conf().CHANNEL, mark])
    wait_for(lambda: mark in heard)
