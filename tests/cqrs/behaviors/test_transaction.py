"""A command is one transaction, which holds all of it or nothing."""

import pytest
from django.db import connection, transaction

from cqrs.behaviors.refusal import SilentRollback
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Ok, Rejected
from cqrs.models import EventRecord, IdempotentAnswer
from orders.commands import SetStock
from orders.commands.set_stock import set_stock
from tests.support.faults import handled_by
from tests.support.scenarios import nothing_written, product, stock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql_version]


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

        payload = {"product_id": uuid7(), "on_hand": 1}
        with handled_by(SetStock, careless), nothing_written(), pytest.raises(SilentRollback):
            bus.send(SetStock, payload, idempotency_key=key)
        assert not IdempotentAnswer.objects.exists()


class TestRefusal:
    def test_without_a_key_rolls_all_of_it_back(self):
        lamp = product(5)

        def changes_its_mind(command):
            set_stock(command)
            return Rejected("closed", "No")

        with handled_by(SetStock, changes_its_mind), nothing_written():
            assert bus.send(SetStock, {"product_id": lamp, "on_hand": 9}).code == "closed"

    @pytest.mark.parametrize("key", [None, "k-1"])
    def test_may_follow_an_error_that_the_handler_caught(self, key):
        def closed(command):
            set_stock(command)
            try:
                with transaction.atomic(savepoint=False):
                    raise ValueError
            except ValueError:
                return Rejected("closed", "No")

        payload = {"product_id": uuid7(), "on_hand": 1}
        with handled_by(SetStock, closed), nothing_written():
            assert bus.send(SetStock, payload, idempotency_key=key).code == "closed"
        assert IdempotentAnswer.objects.count() == (1 if key else 0)

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
        assert EventRecord.objects.count() == 2
        assert not connection.in_atomic_block
