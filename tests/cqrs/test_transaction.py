"""Commands survive what databases do to transactions, and leave one effect."""

from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from structlog.testing import capture_logs

from cqrs import bus, outcome
from cqrs.behaviors import transaction as behavior
from cqrs.behaviors.transaction import SilentRollback
from cqrs.ids import uuid7
from cqrs.models import Event, IdempotentAnswer
from cqrs.results import Ok, Rejected
from orders.commands import CreateOrder, SetStock
from orders.commands.create_order import create_order
from orders.commands.set_stock import set_stock
from orders.models import Order, StockItem
from tests.cqrs.faults import after_publishing, at_commit, execute, handled_by, terminate
from tests.scenarios import content, customer, events, line, nothing_written, product, stock
from tests.threads import attempt, together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def never_asked(monkeypatch):
    """See that the server is not asked for an outcome that its error has told already."""

    def ask(self):
        raise AssertionError("asked for the outcome")

    monkeypatch.setattr(outcome.Trace, "was_committed", ask)


def retries(logs):
    return [log["reason"] for log in logs if log["event"] == "command_retried"]


@pytest.mark.usefixtures("never_asked")
class TestSerializationFailure:
    def test_at_a_statement_is_retried(self):
        lamp = product(5)
        rivals = [attempt(SetStock, product_id=lamp, on_hand=7)]

        def at_repeatable_read(command):
            execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            StockItem.objects.count()  # takes the snapshot
            if rivals:
                together(rivals.pop())
            return set_stock(command)

        with handled_by(SetStock, at_repeatable_read), capture_logs() as logs:
            # The rival goes the same way, and finds no rival of its own.
            result = bus.send(SetStock, {"product_id": lamp, "on_hand": 9})
        assert isinstance(result, Ok)
        assert retries(logs) == ["SerializationFailure"]
        assert stock(lamp) == (9, 0, 3)
        assert [version for _, version in events(lamp)] == [1, 2, 3]

    @pytest.mark.parametrize("key", [None, "k-1"])
    def test_at_commit_is_retried_with_the_same_ids(self, key):
        lamp, payload = product(5), content(customer())
        rivals, made = [lambda: _write_what_was_read(lamp)], []

        def at_serializable(command):
            if key is None:
                execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            StockItem.objects.get(pk=lamp)
            result = create_order(command)
            made.append(result.value)
            if rivals:
                together(rivals.pop())
            return result

        serializable = "SET default_transaction_isolation = 'serializable'"
        execute(serializable if key else "SELECT 1")
        with handled_by(CreateOrder, at_serializable), capture_logs() as logs:
            result = bus.send(CreateOrder, payload, idempotency_key=key)
        execute("RESET default_transaction_isolation")
        assert retries(logs) == ["SerializationFailure"]
        assert made == [result.value] * 2
        assert list(Order.objects.values_list("id", flat=True)) == [result.value.id]
        assert events(result.value.id) == [("orders.order_created", 1)]

    def test_is_not_retried_for_ever(self):
        calls = []

        def always(command):
            calls.append(command.product_id)
            execute("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")

        wish = {"product_id": uuid7(), "on_hand": 1}
        with handled_by(SetStock, always), nothing_written(), pytest.raises(OperationalError):
            bus.send(SetStock, wish)
        assert calls == [wish["product_id"]] * behavior.ATTEMPTS

    def test_other_errors_are_not_retried(self):
        calls = []

        def divides(command):
            calls.append(1)
            execute("SELECT 1 / 0")

        with handled_by(SetStock, divides), pytest.raises(DatabaseError, match="division"):
            bus.send(SetStock, {"product_id": uuid7(), "on_hand": 1})
        assert calls == [1]


def _write_what_was_read(lamp):
    """Read what the other transaction writes and write what it read: one of the two must go."""
    with transaction.atomic():
        execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        Order.objects.count()
        StockItem.objects.get(pk=lamp)
        # a column that no event tells of, for nothing is to happen to the stock here
        execute("UPDATE orders_stockitem SET sku = 'rival' WHERE id = %s", lamp)


@pytest.mark.usefixtures("never_asked")
class TestDeadlock:
    def test_both_commands_get_through(self):
        first, second = product(5), product(5)
        buyers, meet = (customer(), customer()), Barrier(2)

        def locking(*lamps):
            def handler(command):
                execute("SET LOCAL deadlock_timeout = '50ms'")
                for lamp in lamps:
                    StockItem.objects.select_for_update().get(pk=lamp)
                    _wait(meet)  # each holds its first lock before it asks for the other's
                return create_order(command)

            return handler

        ways = {buyers[0]: locking(first, second), buyers[1]: locking(second, first)}
        with (
            handled_by(CreateOrder, lambda command: ways[command.customer_id](command)),
            capture_logs() as logs,
        ):
            results = together(
                *[attempt(CreateOrder, **content(buyer, line(first), line(second)))
                  for buyer in buyers]
            )  # fmt: skip
        assert all(isinstance(result, Ok) for result in results)
        assert set(retries(logs)) == {"DeadlockDetected"}
        assert {stock(first), stock(second)} == {(5, 2, 3)}
        assert Order.objects.count() == 2


def _wait(barrier):
    with suppress(BrokenBarrierError):  # only the first attempts meet
        barrier.wait(0.5)


class TestKilledConnection:
    @pytest.mark.parametrize("key", [None, "k-1"])
    def test_before_the_commit_is_retried_with_one_effect(self, key):
        lamp = product(5)
        payload = content(customer(), line(lamp, 2))
        with after_publishing(terminate) as seen, capture_logs() as logs:
            result = bus.send(CreateOrder, payload, idempotency_key=key)
        assert retries(logs) == ["OperationalError"] or retries(logs) == ["AdminShutdown"]
        order_ids = [each for each in seen if each != str(lamp)]
        assert set(order_ids) == {str(result.value.id)}
        assert Order.objects.get().state() == result.value
        assert stock(lamp) == (5, 2, 2)
        assert IdempotentAnswer.objects.count() == (1 if key else 0)

    @pytest.mark.parametrize("key", [None, "k-1"])
    def test_during_the_commit_is_asked_for_and_retried(self, key):
        lamp = product(5)
        payload = content(customer(), line(lamp, 2))
        kill = "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5)"
        with at_commit(kill), after_publishing() as seen, capture_logs() as logs:
            result = bus.send(CreateOrder, payload, idempotency_key=key)
        assert retries(logs) == ["AdminShutdown"]
        assert seen == [str(lamp), str(result.value.id)] * 2
        assert events(result.value.id) == [("orders.order_created", 1)]
        assert stock(lamp) == (5, 2, 2)

    def test_idle_before_the_command_goes_unnoticed(self):
        terminate()
        assert isinstance(bus.send(SetStock, {"product_id": uuid7(), "on_hand": 1}), Ok)

    def test_leaves_no_hooks_of_the_lost_attempt(self):
        ran, number = [], iter(range(9))

        def hooked(command):
            mine = next(number)
            transaction.on_commit(lambda: ran.append(mine))
            return set_stock(command)

        with handled_by(SetStock, hooked), after_publishing(terminate):
            bus.send(SetStock, {"product_id": uuid7(), "on_hand": 1})
        assert ran == [1]

    def test_is_not_retried_inside_an_open_transaction(self):
        def both():
            with transaction.atomic():
                bus.send(SetStock, {"product_id": uuid7(), "on_hand": 1})
                bus.send(SetStock, {"product_id": uuid7(), "on_hand": 1})

        with (
            nothing_written(),
            after_publishing(terminate) as seen,
            pytest.raises(OperationalError),
        ):
            both()
        assert len(seen) == 1
        assert isinstance(bus.send(SetStock, {"product_id": uuid7(), "on_hand": 1}), Ok)

    def test_inside_a_nested_command_repeats_the_outer_one(self):
        inner, outer = uuid7(), uuid7()

        def nesting(command):
            if command.product_id == outer:
                assert isinstance(bus.send(SetStock, {"product_id": inner, "on_hand": 2}), Ok)
            return set_stock(command)

        with handled_by(SetStock, nesting), after_publishing(terminate) as seen:
            result = bus.send(SetStock, {"product_id": outer, "on_hand": 1})
        assert isinstance(result, Ok)
        assert seen == [str(inner), str(inner), str(outer)]
        assert (stock(inner), stock(outer)) == ((2, 0, 1), (1, 0, 1))


class TestOutage:
    def test_gives_up_when_connecting_takes_too_long(self, monkeypatch):
        calls = []

        def refuse(_command):
            calls.append(1)
            raise OperationalError("timeout expired")

        monkeypatch.setattr(behavior, "OUTAGE_PATIENCE_S", 0)
        with handled_by(SetStock, refuse), pytest.raises(OperationalError):
            bus.send(SetStock, {"product_id": uuid7(), "on_hand": 1})
        assert calls == [1]


class TestSilentRollback:
    @pytest.mark.parametrize("key", [None, "k-1"])
    def test_is_not_mistaken_for_success(self, key):
        def careless(command):
            result = set_stock(command)
            try:
                with transaction.atomic(savepoint=False):
                    raise ValueError
            except ValueError:
                return result

        wish = {"product_id": uuid7(), "on_hand": 1}
        with handled_by(SetStock, careless), nothing_written(), pytest.raises(SilentRollback):
            bus.send(SetStock, wish, idempotency_key=key)
        assert not IdempotentAnswer.objects.exists()


class TestRefusal:
    def test_without_a_key_rolls_all_of_it_back(self):
        lamp = product(5)

        def changes_its_mind(command):
            set_stock(command)
            return Rejected("closed", "No")

        with handled_by(SetStock, changes_its_mind), nothing_written():
            assert bus.send(SetStock, {"product_id": lamp, "on_hand": 9}).code == "closed"

    def test_of_a_nested_command_keeps_what_the_outer_one_did(self):
        inner, outer = product(5), uuid7()

        def nesting(command):
            result = set_stock(command)
            if command.product_id == inner:
                return Rejected("closed", "No")
            assert bus.send(SetStock, {"product_id": inner, "on_hand": 9}).code == "closed"
            return result

        with handled_by(SetStock, nesting):
            assert isinstance(bus.send(SetStock, {"product_id": outer, "on_hand": 1}), Ok)
        assert (stock(inner), stock(outer)) == ((5, 0, 1), (1, 0, 1))
        assert Event.objects.count() == 2
        assert not connection.in_atomic_block
