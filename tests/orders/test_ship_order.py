"""Shipping an order: the stock goes with it."""

import pytest

from cqrs.messaging.ids import uuid7
from orders.commands import CancelOrder, SetStock, ShipOrder
from orders.models import Order
from tests.support.scenarios import (
    accepted,
    last_events,
    line,
    order,
    product,
    refused,
    stock,
    wrong_fields,
)

pytestmark = pytest.mark.django_db


class TestShipOrder:
    def test_moves_a_confirmed_order_to_shipped(self):
        order_id = order(status="confirmed")
        state = accepted(ShipOrder, order_id=order_id, carrier="DHL", tracking_number="T1")
        assert (state.status, state.version) == ("shipped", 3)
        assert (state.carrier, state.tracking_number) == ("DHL", "T1")
        assert Order.objects.get(pk=order_id).state() == state

    def test_needs_neither_carrier_nor_tracking_number(self):
        state = accepted(ShipOrder, order_id=order(status="confirmed"))
        assert (state.carrier, state.tracking_number) == ("", "")

    def test_deducts_what_it_had_reserved(self):
        first, second = sorted([product(5), product(7)])
        items = [line(second, 1), line(first, 2), line(second, 3)]
        accepted(ShipOrder, order_id=order(*items, status="confirmed"))
        assert stock(first) == (3, 0, 3)
        assert stock(second) == (3, 0, 3)

    def test_publishes_the_stock_by_product_id_and_the_order_last(self):
        first, second = sorted([product(5), product(7)])
        items = [line(second, 1), line(first, 2), line(second, 3)]
        order_id = order(*items, status="confirmed")
        accepted(ShipOrder, order_id=order_id, carrier="DHL", tracking_number="T1")
        deducted_1, deducted_2, shipped = last_events(3)
        assert deducted_1.type == deducted_2.type == "orders.stock_deducted"
        assert [deducted_1.stream_id, deducted_2.stream_id] == [first, second]
        assert deducted_2.data == {
            "product_id": str(second),
            "on_hand": 3,
            "reserved": 0,
            "order_id": str(order_id),
            "quantity": 4,
        }
        assert (shipped.type, shipped.version) == ("orders.order_shipped", 3)
        assert (shipped.data["carrier"], shipped.data["tracking_number"]) == ("DHL", "T1")

    def test_deducts_nothing_for_a_product_that_was_untracked_when_ordered(self):
        later_tracked = uuid7()
        order_id = order(line(later_tracked, 2), status="confirmed")
        accepted(SetStock, product_id=later_tracked, on_hand=5)
        accepted(ShipOrder, order_id=order_id)
        assert stock(later_tracked) == (5, 0, 1)

    def test_leaves_what_others_have_reserved(self):
        lamp = product(5)
        order(line(lamp, 2))
        accepted(ShipOrder, order_id=order(line(lamp, 3), status="confirmed"))
        assert stock(lamp) == (2, 2, 4)

    def test_refuses_an_unknown_order(self):
        assert refused(ShipOrder, order_id=uuid7()).code == "not_found"

    @pytest.mark.parametrize("status", ["pending", "shipped", "delivered"])
    def test_refuses_an_order_that_is_not_confirmed(self, status):
        order_id = order(line(product(5)), status=status)
        assert refused(ShipOrder, order_id=order_id).code == "invalid_transition"

    def test_refuses_a_cancelled_order(self):
        order_id = order(line(product(5)))
        accepted(CancelOrder, order_id=order_id)
        assert refused(ShipOrder, order_id=order_id).code == "invalid_transition"

    def test_refuses_another_version_than_the_expected_one(self):
        order_id = order(status="confirmed")
        rejected = refused(ShipOrder, order_id=order_id, expected_version=1)
        assert rejected.code == "version_conflict"

    def test_refuses_texts_that_are_too_long(self):
        payload = {"order_id": uuid7(), "carrier": "x" * 201, "tracking_number": "a\0"}
        assert wrong_fields(refused(ShipOrder, **payload)) == {
            "carrier": "string_too_long",
            "tracking_number": "string_nul",
        }
