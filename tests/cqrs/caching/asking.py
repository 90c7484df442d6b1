"""Short ways to ask, and to see whether an answer was cached."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from django.db import connections
from django.test.utils import CaptureQueriesContext

from cqrs.event_log.signals import batches_applied, batches_written
from cqrs.messaging import bus
from cqrs.messaging.results import Rejected
from cqrs.queries.pages import Page


def ask(query: Any, **payload: Any) -> Page:
    result = bus.ask(query, payload)
    assert not isinstance(result, Rejected), result
    return result.value


def statuses(page: Page) -> list[str]:
    return [orjson.loads(document)["status"] for document in page.documents]


def statements(query: Any, **payload: Any) -> int:
    """Return how many statements the question costs: none where the answer was cached."""
    with CaptureQueriesContext(connections["replica"]) as captured:
        ask(query, **payload)
    return len(captured)


@contextmanager
def news_lost() -> Iterator[None]:
    """Apply events and let the announcement get lost."""
    signals = (batches_written, batches_applied)
    receivers = [signal.receivers for signal in signals]
    _connect(signals, [[], []])
    try:
        yield
    finally:
        _connect(signals, receivers)


def _connect(signals: Any, receivers: list[Any]) -> None:
    for signal, connected in zip(signals, receivers, strict=True):
        signal.receivers = connected
        signal.sender_receivers_cache.clear()
