"""A row that another transaction holds costs few threads, and none of them for long."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from threading import Thread
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import OperationalError

from cqrs.conf import conf
from cqrs.database import lock_waits
from cqrs.database.outages import AggregateBusy, WriteSideUnavailable, named
from cqrs.database.profiles import Profile, use_profile
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Ok
from cqrs.testing.threads import together
from customers.commands import RegisterCustomer
from orders.commands import ConfirmOrder, CreateOrder, ShipOrder
from orders.models import Order
from tests.faults.traffic import url
from tests.support.desk import wait_for
from tests.support.scenarios import content, customer, line, product

pytestmark = pytest.mark.django_db(transaction=True)

CUSTOMER = "SELECT FROM customers_customer WHERE id = %s FOR UPDATE"
PRODUCT = "SELECT FROM orders_stockitem WHERE id = %s FOR UPDATE"
EMAIL = """
INSERT INTO customers_customer (id, version, name, email, is_active, registered_at)
VALUES (%s, 1, 'Ada', 'same@example.com', true, now())
"""
FIRST_WAIT_S, LIMIT_S, SLACK_S = 0.25, 2.0, 0.6


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


@pytest.fixture(autouse=True)
def _no_place_is_left() -> Iterator[None]:
    yield
    assert not lock_waits._waiting


class TestHeldRow:
    def test_lets_two_wait_up_to_two_seconds_and_refuses_the_others(self):
        buyer = customer()
        with held(CUSTOMER, buyer):
            found = together(*[place(buyer) for _ in range(5)])
        assert codes(found) == ["busy"] * 5
        waited = sorted(seconds for _, seconds in found)
        assert all(FIRST_WAIT_S < each < FIRST_WAIT_S + SLACK_S for each in waited[:3]), waited
        assert all(LIMIT_S - 0.1 < each < LIMIT_S + SLACK_S for each in waited[3:]), waited
        assert not Order.objects.exists()

    def test_is_waited_for_by_two_that_then_go_through(self):
        buyer = customer()
        with held(CUSTOMER, buyer) as stranger, two_that_wait(place(buyer)) as waiting:
            refused = together(*[place(buyer) for _ in range(2)])
            stranger.rollback()
        assert codes(refused) == ["busy", "busy"]
        assert codes(waiting) == ["ok", "ok"]
        assert Order.objects.count() == 2

    def test_is_refused_at_once_while_two_wait(self):
        buyer, other = customer(), customer()
        with held(CUSTOMER, buyer) as stranger, two_that_wait(place(buyer)):
            [(code, seconds)] = together(place(buyer))
            [(other_code, _)] = together(place(other))
            stranger.rollback()
        assert (code, other_code) == ("busy", "ok")
        assert seconds < FIRST_WAIT_S

    def test_counts_for_the_commands_of_other_aggregates_that_need_it(self):
        lamp, buyer = product(50), customer()
        orders = []
        for _ in range(4):
            order = bus.send(CreateOrder, content(buyer, line(lamp, 1))).value.id
            bus.send(ConfirmOrder, {"order_id": order})
            orders.append(order)
        with held(PRODUCT, lamp):
            found = together(*[in_web(ShipOrder, {"order_id": each}) for each in orders])
        assert codes(found) == ["busy"] * 4
        assert sum(seconds > 1 for _, seconds in found) == 2

    def test_leaves_its_idempotency_key_free(self):
        buyer = customer()
        send = in_web(CreateOrder, content(buyer), "k-1")
        with held(CUSTOMER, buyer):
            assert together(send)[0][0] == "busy"
        assert together(send)[0][0] == "ok"


class TestHeldEventLog:
    def test_lets_two_wait(self):
        buyers = [customer() for _ in range(4)]
        with held("LOCK TABLE cqrs_pending IN SHARE MODE"):
            found = together(*[place(buyer) for buyer in buyers])
        assert codes(found) == ["busy"] * 4
        assert sum(seconds > 1 for _, seconds in found) == 2


class TestUnnamedLock:
    def test_lets_two_of_one_command_wait(self):
        with held(EMAIL, uuid7()):
            payload = {"name": "Bea", "email": "same@example.com"}
            found = together(*[in_web(RegisterCustomer, payload)] * 4)
        assert codes(found) == ["busy"] * 4
        assert sum(seconds > 1 for _, seconds in found) == 2


class TestOrdinaryContention:
    def test_refuses_no_command(self):
        lamp, buyer = product(1_000), customer()

        def many() -> list[str]:
            return [place(buyer, line(lamp, 1))()[0] for _ in range(8)]

        assert together(*[many] * 8) == [["ok"] * 8] * 8


class TestWorker:
    @pytest.mark.parametrize("profile", [Profile.WORKER, Profile.COMMAND])
    def test_waits_two_seconds_once(self, profile: Profile):
        buyer = customer()
        started = time.monotonic()
        with held(CUSTOMER, buyer), use_profile(profile), pytest.raises(OperationalError):
            bus.send(CreateOrder, content(buyer))
        assert LIMIT_S <= time.monotonic() - started < LIMIT_S + SLACK_S
