"""Looks, commands and other programs at the same time: each change is adopted once."""

import random
from typing import Any

import pytest

from cqrs.adoption.adopting import Looked
from cqrs.adoption.looking import look
from cqrs.adoption.scanning import scan
from cqrs.messaging import bus
from cqrs.messaging.results import Ok
from customers.commands import UpdateCustomer
from customers.models import Customer
from orders.commands import CancelOrder, ConfirmOrder, CreateOrder, SetStock
from orders.models import Order
from tests.support.outside import (
    by_sql,
    delete_stock,
    everything_fits,
    outside_events,
    parked,
    versions,
)
from tests.support.scenarios import content, customer, line, order, product, stock
from tests.support.threads import attempt, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql_version]

ROUNDS = 20


def contiguous(key: Any) -> bool:
    found = [version for version, _ in versions(key)]
    return found == list(range(1, len(found) + 1))


class TestLooks:
    def test_adopt_a_change_once(self):
        for number in range(ROUNDS):
            ada = customer()
            by_sql("UPDATE customers_customer SET name = %s WHERE id = %s", str(number), ada)
            looks = together(*[lambda ada=ada: look("customer", [ada])] * 4)
            assert sum(looks, Looked()) == Looked(adopted=1)
            assert len(outside_events(ada)) == 1

    def test_adopt_a_deletion_once(self):
        for _ in range(ROUNDS):
            lamp = product(1)
            delete_stock(lamp)
            looks = together(*[lambda lamp=lamp: look("stock", [lamp])] * 4)
            assert sum(looks, Looked()) == Looked(adopted=1)
            assert versions(lamp) == [(1, "set"), (2, "changed_outside")]

    @pytest.mark.bypasses_events
    def test_park_a_change_once(self):
        for _ in range(ROUNDS):
            ada = customer()
            by_sql("UPDATE customers_customer SET registered_at = 'infinity' WHERE id = %s", ada)
            looks = together(*[lambda ada=ada: look("customer", [ada])] * 4)
            assert looks == [Looked(parked=1)] * 4
            assert [key for _, key, _ in parked() if key == ada] == [ada]

    def test_meet_creations_of_what_was_deleted(self):
        for _ in range(ROUNDS):
            lamp = product(1)
            delete_stock(lamp)
            makes = [attempt(SetStock, product_id=lamp, on_hand=n) for n in range(3)]
            found = together(*makes, lambda lamp=lamp: look("stock", [lamp]))
            assert sorted(each.value.version for each in found[:3]) == [3, 4, 5]
            assert contiguous(lamp)


class TestOutsideWriters:
    def test_beside_commands_lose_no_change_and_stop_no_order(self):
        lamps, buyers = [product(10_000) for _ in range(3)], [customer() for _ in range(3)]
        keys = [order(line(lamps[0], 2)) for _ in range(30)]

        def orders() -> list[Any]:
            rng = random.Random(1)
            items = [[line(rng.choice(lamps)) for _ in "ab"] for _ in range(ROUNDS)]
            return [bus.send(CreateOrder, content(rng.choice(buyers), *each)) for each in items]

        def moves() -> None:
            for key in keys:
                bus.send(ConfirmOrder, {"order_id": key})
            for key in keys[::3]:
                bus.send(CancelOrder, {"order_id": key})

        def writes() -> None:
            rng, write = random.Random(2), by_sql
            for number in range(ROUNDS):
                buyer, key, lamp = rng.choice(buyers), rng.choice(keys), rng.choice(lamps)
                write("UPDATE customers_customer SET name = %s WHERE id = %s", f"N{number}", buyer)
                write("UPDATE orders_order SET status = 'shipped' WHERE id = %s", key)
                write("UPDATE orders_stockitem SET on_hand = on_hand + 1 WHERE id = %s", lamp)

        def looks() -> None:
            for _ in range(3):
                list(scan())

        placed, _, _, _ = together(orders, moves, writes, looks)
        assert all(isinstance(each, Ok) for each in placed)
        list(scan())
        assert everything_fits()
        assert all(contiguous(key) for key in [*lamps, *buyers, *keys])
        open_lines = sum(
            item.reserved_quantity
            for each in Order.objects.filter(status__in=["pending", "confirmed"])
            for item in each.items
        )
        assert sum(stock(lamp)[1] for lamp in lamps) == open_lines

    def test_of_many_rows_are_adopted_while_commands_go_on(self):
        buyers = [customer() for _ in range(40)]
        by_sql("UPDATE customers_customer SET name = 'X'")

        def scan_all() -> None:
            list(scan())

        def rename_all() -> list[Any]:
            return [bus.send(UpdateCustomer, {"customer_id": key, "name": "Y"}) for key in buyers]

        _, results = together(scan_all, rename_all)
        assert all(isinstance(each, Ok) for each in results)
        assert [len(outside_events(key)) for key in buyers] == [1] * 40
        assert set(Customer.objects.values_list("name", "version")) == {("Y", 3)}
