"""Commands that get in each other's way are repeated, and leave one effect."""

from threading import Barrier

import pytest
from django.db import DatabaseError, OperationalError, transaction
from structlog.testing import capture_logs

from cqrs.behaviors import retry as behavior
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Ok
from orders.commands import CreateOrder, SetStock
from orders.commands.create_order import create_order
from orders.commands.set_stock import set_stock
from orders.models import Order, StockItem
from tests.support.faults import execute, handled_by, retries
from tests.support.scenarios import content, customer, events, line, nothing_written, product, stock
from tests.support.threads import attempt, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql_version]


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

        payload = {"product_id": uuid7(), "on_hand": 1}
        with handled_by(SetStock, always), nothing_written(), pytest.raises(OperationalError):
            bus.send(SetStock, payload)
        assert calls == [payload["product_id"]] * behavior.ATTEMPTS

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
            meetings = [meet]  # the second attempt finds no rival

            def handler(command):
                execute("SET LOCAL deadlock_timeout = '50ms'")
                for lamp in lamps:
                    StockItem.objects.select_for_update().get(pk=lamp)
                    if meetings:  # each holds its first lock before it asks for the other's
                        meetings.pop().wait(30)
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
