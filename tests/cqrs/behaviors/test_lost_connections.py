"""Commands survive the loss of their connection, and leave one effect."""

import pytest
from django.db import OperationalError, transaction
from structlog.testing import capture_logs

from cqrs.behaviors import retry as behavior
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Ok
from cqrs.models import IdempotentAnswer
from orders.commands import CreateOrder, SetStock
from orders.commands.set_stock import set_stock
from orders.models import Order
from tests.support.faults import after_publishing, at_commit, handled_by, retries, terminate
from tests.support.scenarios import content, customer, events, line, nothing_written, product, stock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql_version]


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

        monkeypatch.setattr(behavior, "PATIENCE_S", 0)
        with handled_by(SetStock, refuse), pytest.raises(OperationalError):
            bus.send(SetStock, {"product_id": uuid7(), "on_hand": 1})
        assert calls == [1]
