"""The fold of an aggregate's events is its row, whatever commands and other programs have done."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cqrs.adoption.adapter import adapters
from cqrs.adoption.folding import folded
from cqrs.adoption.scanning import scan
from cqrs.event_log.audits import audit
from cqrs.messaging import bus
from cqrs.testing.examples import EXAMPLES, undone
from customers.commands import DeactivateCustomer, UpdateCustomer
from orders.commands import (
    CancelOrder,
    ConfirmOrder,
    CreateOrder,
    DeliverOrder,
    SetStock,
    ShipOrder,
)
from orders.models import Order, OrderLine, StockItem
from tests.support.outside import by_sql, everything_fits
from tests.support.scenarios import content, customer, line, product
from tests.support.statements import statements

pytestmark = pytest.mark.django_db(databases=["default", "replica"])

OUTSIDE = [
    "UPDATE customers_customer SET name = 'X' || version",
    "UPDATE customers_customer SET is_active = NOT is_active",
    "UPDATE orders_order SET status = 'shipped', carrier = 'DHL'",
    "UPDATE orders_order SET status = 'pending'",
    "UPDATE orders_order SET version = version + 3, special_instructions = 'Ring twice'",
    "UPDATE orders_orderline SET product_name = 'Other'",
    "UPDATE orders_stockitem SET on_hand = on_hand + 7",
    "UPDATE orders_stockitem SET sku = '', name = 'Lamp'",
    "DELETE FROM orders_stockitem",
]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["create", "confirm", "ship", "deliver", "cancel"]),
                  st.integers(0, 3), st.integers(1, 3)),
        st.tuples(st.sampled_from(["rename", "deactivate", "count"]),
                  st.integers(0, 3), st.integers(1, 3)),
    ),
    max_size=12,
)  # fmt: skip
MOVES = {
    "confirm": ConfirmOrder, "ship": ShipOrder, "deliver": DeliverOrder, "cancel": CancelOrder,
}  # fmt: skip


class World:
    """Two customers, two products, and orders of them."""

    def __init__(self) -> None:
        self.customers = [customer(), customer()]
        self.products = [product(9), product(9)]
        self.orders: list[Any] = []

    def do(self, kind: str, which: int, number: int) -> None:
        """Send a command; it may be refused."""
        buyer, lamp = self.customers[which % 2], self.products[which % 2]
        match kind:
            case "create":
                items = [line(lamp, number), line(), line(self.products[0], number)]
                result = bus.send(CreateOrder, content(buyer, *items))
                self.orders += [result.value.id] if hasattr(result, "value") else []
            case "rename":
                bus.send(UpdateCustomer, {"customer_id": buyer, "name": f"Bea {number}"})
            case "deactivate":
                bus.send(DeactivateCustomer, {"customer_id": buyer})
            case "count":
                bus.send(SetStock, {"product_id": lamp, "on_hand": 9 + number, "name": "Lamp"})
            case _ if self.orders:
                bus.send(MOVES[kind], {"order_id": self.orders[which % len(self.orders)]})


class TestFold:
    @EXAMPLES
    @given(steps=STEPS)
    def test_is_the_row_after_commands(self, steps: list[Any]):
        with undone():
            world = World()
            for step in steps:
                world.do(*step)
            assert everything_fits()
            for adapter in adapters().values():
                rows = {row.pk: row for row in adapter.rows(adapter.model)}
                states = folded(adapter, list(rows)).states
                assert states == {key: adapter.snapshot(row) for key, row in rows.items()}
                assert {type(state) for state in states.values()} <= {
                    type(adapter.snapshot(row)) for row in rows.values()
                }
                with few_recent():
                    assert folded(adapter, list(rows)).states == states

    def test_reads_the_recent_events_alone_when_they_say_the_whole_state(self):
        ada, bea = customer(), customer()
        by_sql("UPDATE customers_customer SET name = 'X' WHERE id = %s", ada)
        list(scan())
        for key in (ada, bea):
            bus.send(DeactivateCustomer, {"customer_id": key})
            bus.send(UpdateCustomer, {"customer_id": key, "name": "Y"})
        found = {}
        for key in (ada, bea):
            with few_recent(3), statements("default") as sent:
                found |= folded(adapters()["customer"], [key]).states
            assert len(sent) == 1
            with few_recent(2), statements("default") as sent:
                assert folded(adapters()["customer"], [key]).states[key] == found[key]
            assert len(sent) == 2
        assert {(state.name, state.is_active) for state in found.values()} == {("Y", False)}

    @EXAMPLES
    @given(steps=st.lists(st.one_of(STEPS, st.sampled_from(OUTSIDE)), max_size=6))
    def test_is_the_row_also_among_outside_changes(self, steps: list[Any]):
        with undone(), few_recent():
            world = World()
            for step in steps:
                if isinstance(step, str):
                    by_sql(step)
                else:
                    for each in step:
                        world.do(*each)
            parked = sum(scanned.looked.parked for scanned in scan())
            assert sum(scanned.looked.adopted for scanned in scan()) == 0
            assert len(list(audit())) <= parked
            assert everything_fits() is (parked == 0)
            # No piece stays reserved for ever. Fewer can be: a deleted row took them along.
            held = reserved_by_orders()
            stored = StockItem.objects.values_list("pk", "reserved")
            assert parked or all(reserved <= held[key] for key, reserved in stored)


@contextmanager
def few_recent(count: int = 2) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cqrs.adoption.folding.RECENT", count)
        yield


def reserved_by_orders() -> dict[Any, int]:
    """Return the pieces that open orders hold, of products that have a row."""
    held = dict.fromkeys(StockItem.objects.values_list("pk", flat=True), 0)
    open_orders = Order.objects.filter(status__in=["pending", "confirmed"])
    for each in OrderLine.objects.filter(order__in=open_orders):
        if each.product_id in held:
            held[each.product_id] += each.reserved_quantity
    return held
