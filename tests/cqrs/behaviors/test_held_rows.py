"""A row that another transaction holds costs few threads, and none of them for long."""

from collections.abc import Iterator

import pytest

from cqrs.behaviors import retry
from cqrs.database import lock_waits
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.testing.threads import together
from customers.commands import RegisterCustomer
from orders.commands import ConfirmOrder, CreateOrder, ShipOrder
from orders.models import Order
from tests.support.held import (
    CUSTOMER,
    EMAIL,
    FIRST_WAIT_S,
    LIMIT_S,
    PRODUCT,
    SLACK_S,
    codes,
    held,
    in_web,
    no_place_is_left,
    place,
    two_that_wait,
)
from tests.support.scenarios import content, customer, line, product

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_place_is_left() -> Iterator[None]:
    yield
    assert no_place_is_left()


class TestHeldRow:
    def test_lets_two_wait_up_to_two_seconds_and_refuses_the_others(self):
        buyer = customer()
        with held(CUSTOMER, buyer):
            found = together(*[place(buyer) for _ in range(5)])
        assert codes(found) == ["busy"] * 5
        waited = sorted(seconds for _, seconds in found)
        assert all(FIRST_WAIT_S < each < LIMIT_S - 0.1 for each in waited[:3]), waited
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

    def test_is_refused_at_once_while_two_wait(self, monkeypatch: pytest.MonkeyPatch):
        buyer, other = customer(), customer()
        with held(CUSTOMER, buyer) as stranger, two_that_wait(place(buyer)):
            monkeypatch.setattr(lock_waits, "waiting_place", None)  # what follows a first wait
            refused = together(place(buyer))
            others = together(place(other))
            stranger.rollback()
        assert (codes(refused), codes(others)) == (["busy"], ["ok"])

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


class TestHeldRowThatWasWaitedForInVain:
    def test_holds_no_more_threads_than_may_wait(self, monkeypatch: pytest.MonkeyPatch):
        """Newcomers do not take turns in a first wait, and begin no transaction."""
        buyer, other = customer(), customer()
        with held(CUSTOMER, buyer):
            together(*[place(buyer) for _ in range(2)])
            with two_that_wait(place(buyer)) as waited:
                with monkeypatch.context() as patched:
                    patched.setattr(retry, "_try", None)
                    refused = together(*[place(buyer) for _ in range(3)])
                assert codes(together(place(other))) == ["ok"]
        assert codes(waited) == ["busy"] * 2
        assert codes(refused) == ["busy"] * 3
        assert max(seconds for _, seconds in refused) < LIMIT_S  # as long as the two wait

    def test_is_free_again_once_a_command_gets_it(self):
        buyer = customer()
        with held(CUSTOMER, buyer):
            together(*[place(buyer) for _ in range(2)])
        assert codes(together(place(buyer))) == ["ok"]
        assert codes(together(*[place(buyer) for _ in range(5)])) == ["ok"] * 5

    def test_is_forgotten_after_a_while(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(lock_waits, "HELD_FOR_S", 0.0)
        buyer = customer()
        with held(CUSTOMER, buyer):
            together(*[place(buyer) for _ in range(2)])
        assert codes(together(*[place(buyer) for _ in range(5)])) == ["ok"] * 5
