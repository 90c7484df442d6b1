"""The wire is cut around the COMMIT: what was done is told, what was not is done, once."""

from collections.abc import Iterator
from functools import partial

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from structlog.testing import capture_logs

from cqrs import bus, outcome
from cqrs.ids import uuid7
from cqrs.models import Event, IdempotentAnswer
from cqrs.outcome import OutcomeUnknown, Trace
from cqrs.results import Ok, Rejected
from customers.commands import ImportCustomer
from customers.models import Customer
from orders.commands import CreateOrder, SetStock
from orders.commands.set_stock import set_stock
from orders.models import Order
from tests.api import bearer
from tests.cqrs.faults import after_publishing, at_commit, execute, handled_by
from tests.scenarios import content, customer, events, line, nothing_written, product, stock
from tests.tcp_proxy import Fault, Proxy, proxied

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])

COMMITTED = Fault(reaches_server=True)
LOST = Fault(reaches_server=False)
KEYS = pytest.mark.parametrize("key", [None, "k-1"])


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[Proxy]:
    """Lead the write side's connection through a proxy."""
    settings = connection.settings_dict
    with proxied(settings["HOST"], int(settings["PORT"])) as (proxy, port):
        with monkeypatch.context() as patch:
            patch.setitem(settings, "PORT", str(port))
            connection.close()
            yield proxy
        connection.close()


def broken(wire: Proxy, fault: Fault, command, payload, key=None):
    """Send a command whose COMMIT meets the fault; return its answer and why it was retried."""
    execute("SELECT 1")
    wire.fault = fault
    with capture_logs() as logs:
        result = bus.send(command, payload, idempotency_key=key)
    assert wire.fault is None
    return result, [log["reason"] for log in logs if log["event"] == "command_retried"]


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
        wish = {"product_id": uuid7(), "on_hand": 3}
        with at_commit("PERFORM pg_sleep(0.5)"):
            cut_at_once = Fault(reaches_server=True, awaits_answer=False)
            result, retries = broken(wire, cut_at_once, SetStock, wish, key)
        assert (result.value.version, retries) == (1, [])
        assert stock(wish["product_id"]) == (3, 0, 1)

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
                return Rejected("closed", "No")  # its event goes, and with it that trace
            bus.send(SetStock, {"product_id": inner, "on_hand": 9})
            return result

        with handled_by(SetStock, nesting):
            wish = {"product_id": outer, "on_hand": 1}
            result, retries = broken(wire, COMMITTED, SetStock, wish)
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


class TestUnknown:
    @pytest.fixture
    def gone(self, wire: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fault]:
        """After the COMMIT nobody answers any more."""
        monkeypatch.setattr(outcome, "PATIENCE_S", 0.2)
        yield Fault(reaches_server=True, then=lambda: setattr(wire, "refuses", 1_000))
        wire.refuses = 0

    def test_says_so_and_tries_nothing(self, wire: Proxy, gone: Fault):
        wish = {"product_id": uuid7(), "on_hand": 1}
        with after_publishing() as seen, pytest.raises(OutcomeUnknown):
            broken(wire, gone, SetStock, wish)
        assert seen == [str(wish["product_id"])]

    def test_is_503_and_safe_to_repeat_with_the_same_key(self, wire: Proxy, gone: Fault):
        client, lamp = Client(), uuid7()
        headers = {**bearer("ada"), "Idempotency-Key": "k-1"}

        def put():
            path = f"/api/products/{lamp}/stock"
            return client.put(path, {"on_hand": 3}, "application/json", headers=headers)

        execute("SELECT 1")
        wire.fault = gone
        answer = put()
        assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
        assert answer["Retry-After"] == "1"
        wire.refuses = 0
        again = put()
        assert (again.status_code, again["Idempotency-Replayed"]) == (200, "true")
        assert stock(lamp) == (3, 0, 1)

    def test_a_commit_that_does_not_end_is_unknown(self, wire: Proxy, monkeypatch):
        monkeypatch.setattr(outcome, "PATIENCE_S", 0.2)
        cut_at_once = Fault(reaches_server=True, awaits_answer=False)
        wish = {"product_id": uuid7(), "on_hand": 3}
        with at_commit("PERFORM pg_sleep(1)"), pytest.raises(OutcomeUnknown):
            broken(wire, cut_at_once, SetStock, wish)

    def test_waits_for_a_server_that_comes_back(self, wire: Proxy):
        away = Fault(reaches_server=True, then=lambda: setattr(wire, "refuses", 3))
        result, retries = broken(wire, away, SetStock, {"product_id": uuid7(), "on_hand": 3})
        assert (result.value.on_hand, retries, wire.refuses) == (3, [], 0)


class TestTrace:
    @pytest.mark.parametrize("ahead", [0, 1_000_000])
    def test_an_id_that_the_server_lost_in_a_crash_means_not_committed(self, ahead: int):
        trace = Trace()
        present = "SELECT (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + %s)::text"
        trace.transaction_id = execute(present, ahead)
        trace.rows.append(("SELECT 1 WHERE false", ()))
        assert trace.was_committed() is False

    def test_an_id_that_another_transaction_got_is_no_proof(self):
        with transaction.atomic():
            bus.send(SetStock, {"product_id": uuid7(), "on_hand": 1})
            committed = execute("SELECT pg_current_xact_id()::text")
        trace = Trace()
        trace.transaction_id = committed
        trace.rows.append(("SELECT 1 FROM event WHERE event_id = %s", (uuid7(),)))
        assert trace.was_committed() is False
        trace.rows.append(("SELECT 1 FROM event WHERE event_id = %s",
                           (Event.objects.get().event_id,)))  # fmt: skip
        assert trace.was_committed() is True

    def test_nothing_is_remembered_outside_a_command(self):
        outcome.remember("1", "SELECT 1", ())
        with outcome.traced() as trace:
            pass
        assert trace.was_committed() is False

    def test_a_wrong_question_is_a_bug_and_no_unknown_outcome(self):
        trace = Trace()
        trace.transaction_id = execute("SELECT pg_current_xact_id()::text")
        trace.rows.append(("SELECT nonsense", ()))
        with pytest.raises(Exception, match="nonsense"):
            trace.was_committed()


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
