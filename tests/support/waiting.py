"""Short ways to ask with a token, and to act while the question waits."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.db import connections

from cqrs.conf import conf
from cqrs.consistency import behavior
from cqrs.consistency.tokens import ConsistencyToken
from cqrs.messaging import bus
from readmodels.projections import PROJECTIONS
from tests.support.desk import wait_for

BOTH = ["default", "replica"]
ORDERS, CUSTOMERS, STOCK, *_ = PROJECTIONS
HEADER = "X-Consistency-Token"


def token(stream_type: str, key: Any, version: int = 1) -> str:
    return ConsistencyToken(stream_type, key, version).encode()


def ask(query: Any, **payload: Any) -> Any:
    return bus.ask(query, payload)


def once_one_waits(function: Any) -> Future[Any]:
    """Call the function when a read waits for its token: in another thread, on its connections."""

    def run() -> Any:
        wait_for(_one_waits)
        try:
            return function()
        finally:
            connections.close_all()

    behavior._seats()  # made here, or two threads might make one each
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(run)
    finally:
        pool.shutdown(wait=False)


def _one_waits() -> bool:
    """Say whether one of the seats for waiting reads is taken."""
    return behavior._seats()._value < conf().WAITING_READS
