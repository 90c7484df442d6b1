"""Confirming an order."""

import pytest

from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Ok
from orders.commands import CancelOrder, ConfirmOrder
from orders.models import Order
from tests.support.scenarios import (
    accepted,
    events,
    last_events,
    line,
    order,
    product,
    refused,
    stock,
)
from tests.support.threads import attempt, together


@pytest.mark.django_db
class TestConfirmOrder:
    def test_moves_a_pending_order_to_confirmed(self):
        order_id = order()
        state = accepted(ConfirmOrder, order_id=order_id)
        assert (state.id, state.status, state.version) == (order_id, "confirmed", 2)
        assert Order.objects.get(pk=order_id).state() == state

    def test_publishes_what_every_order_event_says(self):
        state = accepted(ConfirmOrder, order_id=order(line(quantity=2)))
        (event,) = last_events(1)
        assert (event.type, event.version) == ("orders.order_confirmed", 2)
        assert event.data == {
            "order_id": str(state.id),
            "customer_id": str(state.customer_id),
            "order_date": state.model_dump(mode="json")["order_date"],
            "currency": "USD",
            "total_amount": "20.00",
        }

    def test_leaves_the_stock_alone(self):
        lamp = product(5)
        accepted(ConfirmOrder, order_id=order(line(lamp, 2)))
        assert stock(lamp) == (5, 2, 2)

    def test_refuses_an_unknown_order(self):
        assert refused(ConfirmOrder, order_id=uuid7()).code == "not_found"

    @pytest.mark.parametrize("status", ["confirmed", "shipped", "delivered"])
    def test_refuses_an_order_that_is_not_pending(self, status):
        rejected = refused(ConfirmOrder, order_id=order(status=status))
        assert rejected.code == "invalid_transition"

    def test_refuses_a_cancelled_order(self):
        order_id = order()
        accepted(CancelOrder, order_id=order_id)
        assert refused(ConfirmOrder, order_id=order_id).code == "invalid_transition"

    def test_takes_the_expected_version_and_refuses_another_one(self):
        order_id = order()
        assert refused(ConfirmOrder, order_id=order_id, expected_version=2).code == (
            "version_conflict"
        )
        assert accepted(ConfirmOrder, order_id=order_id, expected_version=1).version == 2

    def test_refuses_an_old_version_before_it_looks_at_the_status(self):
        order_id = order(status="shipped")
        rejected = refused(ConfirmOrder, order_id=order_id, expected_version=1)
        assert rejected.code == "version_conflict"


@pytest.mark.django_db(transaction=True)
class TestConfirmOrderTwiceAtOnce:
    def test_confirms_it_once(self):
        for _ in range(10):
            order_id = order()
            results = together(*[attempt(ConfirmOrder, order_id=order_id)] * 2)
            accepted_, refused_ = sorted(results, key=lambda result: not isinstance(result, Ok))
            assert accepted_.value.version == 2
            assert refused_.code == "invalid_transition"
            assert events(order_id) == [("orders.order_created", 1), ("orders.order_confirmed", 2)]
