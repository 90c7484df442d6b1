"""Short ways to ask with a token, and to let time pass meanwhile."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.db import connections

from cqrs.consistency.tokens import ConsistencyToken
from cqrs.messaging import bus
from cqrs.models import Pending
from readmodels.projections import PROJECTIONS

BOTH = ["default", "replica"]
ORDERS, CUSTOMERS, STOCK, *_ = PROJECTIONS
HEADER = "X-Consistency-Token"


def token(stream_type: str, key: Any, version: int = 1) -> str:
    return ConsistencyToken(stream_type, key, version).encode()


def ask(query: Any, **payload: Any) -> Any:
    return bus.ask(query, payload)


def later(function: Any, after_s: float = 0.2) -> Future[Any]:
    """Call the function in another thread, with its own connections."""

    def run() -> Any:
        time.sleep(after_s)
        try:
            return function()
        finally:
            connections.close_all()

    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(run)
    finally:
        pool.shutdown(wait=False)


def written() -> bool:
    """Wait until a command has committed its event."""
    deadline = time.monotonic() + 10
    while not Pending.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return Pending.objects.exists()
