"""The wire is cut around the COMMIT: what was done is answered, what was not is done, once."""

from functools import partial

import pytest
from django.db import OperationalError, transaction
from structlog.testing import capture_logs

from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Ok, Rejected
from cqrs.models import IdempotentAnswer
from customers.commands import ImportCustomer
from customers.models import Customer
from orders.commands import CreateOrder, SetStock
from orders.commands.set_stock import set_stock
from orders.models import Order
from tests.support.faults import after_publishing, at_commit, handled_by
from tests.support.scenarios import content, customer, events, line, nothing_written, product, stock
from tests.support.tcp_proxy import Fault, Proxy
from tests.support.wire import COMMITTED, LOST, broken

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.postgresql_version,
]
COMMITTED_AND = b"C\0\0\0\x0bCOMMIT\0"  # and no ReadyForQuery
FAREWELL = b"E\0\0\0\x26SFATAL\0C08P01\0Mforced disconnect\0\0"
KEYS = pytest.mark.parametrize("key", [None, "k-1"])


class TestCommitted:
    @KEYS
    def test_gives_the_result_and_does_nothing_twice(self, wire: Proxy, key):
        lamp = product(5)
        payload = content(customer(), line(lamp, 2))
        with after_publishing() as seen:
            result, retries = broken(wire, COMMITTED, CreateOrder, payload, key)
        assert retries == []
        assert seen == [str(lamp), str(result.value.id)]
        assert Order.objects.get().state() == result.value
        assert stock(lamp) == (5, 2, 2)
        assert events(result.value.id) == [("orders.order_created", 1)]

    @KEYS
    def test_waits_for_a_commit_that_goes_on_without_the_client(self, wire: Proxy, key):
        payload = {"product_id": uuid7(), "on_hand": 3}
        with at_commit("PERFORM pg_sleep(0.5)"):
            cut_at_once = Fault(reaches_server=True, awaits_answer=False)
            result, retries = broken(wire, cut_at_once, SetStock, payload, key)
        assert (result.value.version, retries) == (1, [])
        assert stock(payload["product_id"]) == (3, 0, 1)

    def test_is_found_when_the_answer_has_a_farewell_behind_it(self, wire: Proxy):
        """As of a pooler that disconnects its clients: the driver knows of no such answer."""

        def end() -> None:
            [breaking] = [each for each in wire.wires if each.fault]
            breaking.client.sendall(COMMITTED_AND + FAREWELL)

        payload = {"product_id": uuid7(), "on_hand": 3}
        result, retries = broken(wire, Fault(reaches_server=True, then=end), SetStock, payload)
        assert (result.value.version, retries) == (1, [])
        assert stock(payload["product_id"]) == (3, 0, 1)

    def test_knows_a_refusal_by_its_stored_answer(self, wire: Proxy):
        payload = content(customer(), line(product(1), 2))
        with nothing_written():
            result, retries = broken(wire, COMMITTED, CreateOrder, payload, "k-1")
        assert (result.code, result.replayed, retries) == ("out_of_stock", False, [])
        assert bus.send(CreateOrder, payload, idempotency_key="k-1").replayed

    def test_is_not_misled_by_what_a_savepoint_took_back(self, wire: Proxy):
        inner, outer = product(5), uuid7()

        def nesting(command):
            result = set_stock(command)
            if command.product_id == inner:
                return Rejected("closed", "No")  # its event goes, and with it that witness
            bus.send(SetStock, {"product_id": inner, "on_hand": 9})
            return result

        with handled_by(SetStock, nesting):
            payload = {"product_id": outer, "on_hand": 1}
            result, retries = broken(wire, COMMITTED, SetStock, payload)
        assert (isinstance(result, Ok), retries) == (True, [])
        assert (stock(inner), stock(outer)) == ((5, 0, 1), (1, 0, 1))

    def test_still_does_what_was_to_follow_the_commit(self, wire: Proxy):
        ran = []

        def hooked(command):
            transaction.on_commit(partial(ran.append, "first"))
            transaction.on_commit(partial(ran.append, "second"), robust=True)
            return set_stock(command)

        with handled_by(SetStock, hooked):
            broken(wire, COMMITTED, SetStock, {"product_id": uuid7(), "on_hand": 1})
        assert ran == ["first", "second"]


class TestNotCommitted:
    @KEYS
    def test_is_done_again_with_the_same_ids_and_one_effect(self, wire: Proxy, key):
        lamp = product(5)
        payload = content(customer(), line(lamp, 2))
        with after_publishing() as seen:
            result, retries = broken(wire, LOST, CreateOrder, payload, key)
        assert len(retries) == 1
        assert seen == [str(lamp), str(result.value.id)] * 2
        assert Order.objects.get().state() == result.value
        assert stock(lamp) == (5, 2, 2)
        assert IdempotentAnswer.objects.count() == (1 if key else 0)

    def test_stores_a_refusal_the_second_time(self, wire: Proxy):
        payload = content(customer(), line(product(1), 2))
        result, retries = broken(wire, LOST, CreateOrder, payload, "k-1")
        assert (result.code, result.replayed, len(retries)) == ("out_of_stock", False, 1)
        assert bus.send(CreateOrder, payload, idempotency_key="k-1").replayed

    @pytest.mark.parametrize("fault", [COMMITTED, LOST])
    def test_what_changes_nothing_is_just_done_again(self, wire: Proxy, fault):
        known = Customer.objects.get(pk=customer())
        payload = {
            "customer_id": known.id,
            "name": known.name,
            "email": known.email,
            "registered_at": known.registered_at,
        }
        with nothing_written():
            result, retries = broken(wire, fault, ImportCustomer, payload)
        assert (result.value, len(retries)) == (known.state(), 1)

    def test_does_not_do_what_was_to_follow_the_lost_commit(self, wire: Proxy):
        ran, number = [], iter(range(9))

        def hooked(command):
            transaction.on_commit(partial(ran.append, next(number)))
            return set_stock(command)

        with handled_by(SetStock, hooked):
            broken(wire, LOST, SetStock, {"product_id": uuid7(), "on_hand": 1})
        assert ran == [1]


class TestAfterCommit:
    @pytest.mark.parametrize("error", [OperationalError("gone"), ValueError("bug")])
    def test_what_fails_then_cannot_fail_the_command(self, error: Exception):
        calls = []

        def hooked(command):
            def fail():
                raise error

            transaction.on_commit(fail)
            calls.append(1)
            return set_stock(command)

        with handled_by(SetStock, hooked), capture_logs() as logs:
            result = bus.send(SetStock, {"product_id": uuid7(), "on_hand": 1})
        assert (isinstance(result, Ok), calls) == (True, [1])
        assert "after_commit_failed" in [log["event"] for log in logs]
        assert isinstance(bus.send(SetStock, {"product_id": uuid7(), "on_hand": 1}), Ok)
