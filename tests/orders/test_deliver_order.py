"""Noting that an order has arrived."""

import pytest

from cqrs.messaging.ids import uuid7
from orders.commands import CancelOrder, DeliverOrder
from orders.models import Order
from tests.support.scenarios import accepted, last_events, line, order, product, refused, stock

pytestmark = pytest.mark.django_db


class TestDeliverOrder:
    def test_moves_a_shipped_order_to_delivered(self):
        order_id = order(status="shipped")
        state = accepted(DeliverOrder, order_id=order_id)
        assert (state.status, state.version) == ("delivered", 4)
        assert Order.objects.get(pk=order_id).state() == state

    def test_publishes_one_event_and_leaves_the_stock_alone(self):
        lamp = product(5)
        order_id = order(line(lamp, 2), status="shipped")
        before = stock(lamp)
        accepted(DeliverOrder, order_id=order_id)
        shipped, delivered = last_events(2)
        assert [shipped.type, delivered.type] == ["orders.order_shipped", "orders.order_delivered"]
        assert (delivered.stream_id, delivered.version) == (order_id, 4)
        assert delivered.data["total_amount"] == "20.00"
        assert stock(lamp) == before == (3, 0, 3)

    def test_refuses_an_unknown_order(self):
        assert refused(DeliverOrder, order_id=uuid7()).code == "not_found"

    @pytest.mark.parametrize("status", ["pending", "confirmed", "delivered"])
    def test_refuses_an_order_that_is_not_shipped(self, status):
        assert refused(DeliverOrder, order_id=order(status=status)).code == "invalid_transition"

    def test_refuses_a_cancelled_order(self):
        order_id = order()
        accepted(CancelOrder, order_id=order_id)
        assert refused(DeliverOrder, order_id=order_id).code == "invalid_transition"

    def test_refuses_another_version_than_the_expected_one(self):
        order_id = order(status="shipped")
        rejected = refused(DeliverOrder, order_id=order_id, expected_version=4)
        assert rejected.code == "version_conflict"
