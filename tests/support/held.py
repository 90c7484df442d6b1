"""Locks held from outside, and commands that meet them in threads of the web."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from threading import Thread
from typing import Any
from uuid import UUID

import psycopg

from cqrs.conf import conf
from cqrs.database import lock_waits
from cqrs.database.outages import AggregateBusy, WriteSideUnavailable, named
from cqrs.database.profiles import Profile, use_profile
from cqrs.messaging import bus
from cqrs.messaging.results import Ok
from cqrs.testing.threads import together
from orders.commands import CreateOrder
from tests.faults.traffic import url
from tests.support.desk import wait_for
from tests.support.scenarios import content

CUSTOMER = "SELECT FROM customers_customer WHERE id = %s FOR UPDATE"
PRODUCT = "SELECT FROM orders_stockitem WHERE id = %s FOR UPDATE"
EMAIL = """
INSERT INTO customers_customer (id, version, name, email, is_active, registered_at)
VALUES (%s, 1, 'Ada', 'same@example.com', true, now())
"""
FIRST_WAIT_S, LIMIT_S = 0.25, 2.0
SLACK_S = 1.5  # on a busy machine; to wait twice would take longer


@contextmanager
def held(statement: str, *parameters: Any) -> Iterator[psycopg.Connection]:
    """Hold a lock from outside, as an operator's console does."""
    with psycopg.connect(url("default")) as stranger:
        stranger.execute(statement, parameters or None)
        yield stranger
        stranger.rollback()


def in_web(command: Any, payload: dict[str, Any], key: str | None = None) -> Callable[[], Any]:
    """Return a function that sends the command in a web thread, and returns (code, seconds)."""

    def send() -> tuple[str, float]:
        started = time.monotonic()
        with use_profile(Profile.WEB):
            try:
                with named(WriteSideUnavailable):
                    result = bus.send(command, payload, idempotency_key=key)
            except (AggregateBusy, WriteSideUnavailable) as error:
                return error.code, time.monotonic() - started
        assert isinstance(result, Ok), result
        return "ok", time.monotonic() - started

    return send


def place(buyer: UUID, *lines: Any) -> Callable[[], Any]:
    return in_web(CreateOrder, content(buyer, *lines))


def two_wait() -> bool:
    return max(lock_waits._waiting.values(), default=0) == conf().LOCK_WAITERS


@contextmanager
def two_that_wait(send: Callable[[], Any]) -> Iterator[list[tuple[str, float]]]:
    """Run the block while two threads wait for a row; yields the list of what they return."""
    found: list[tuple[str, float]] = []
    run = copy_context().run
    thread = Thread(target=run, args=(lambda: found.extend(together(send, send)),))
    thread.start()
    wait_for(two_wait)
    yield found
    thread.join()


def codes(found: list[tuple[str, float]]) -> list[str]:
    return sorted(code for code, _ in found)


def no_place_is_left() -> bool:
    return not lock_waits._waiting
