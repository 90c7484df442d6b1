"""Cancelling an order: the stock is free again."""

import pytest

from cqrs.messaging.ids import uuid7
from orders.commands import CancelOrder, SetStock
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


class TestCancelOrder:
    @pytest.mark.parametrize(("status", "version"), [("pending", 2), ("confirmed", 3)])
    def test_cancels_an_order_that_is_not_shipped(self, status, version):
        order_id = order(status=status)
        state = accepted(CancelOrder, order_id=order_id, reason="Changed my mind")
        assert (state.status, state.version) == ("cancelled", version)
        assert Order.objects.get(pk=order_id).state() == state

    def test_releases_what_it_had_reserved(self):
        first, second = sorted([product(5), product(7)])
        order(line(first, 1))
        items = [line(second, 1), line(first, 2), line(second, 3)]
        accepted(CancelOrder, order_id=order(*items))
        assert stock(first) == (5, 1, 4)
        assert stock(second) == (7, 0, 3)

    def test_publishes_the_stock_by_product_id_and_the_whole_order_last(self):
        first, second = sorted([product(5), product(7)])
        order_id = order(line(second, 1), line(first, 2), line(second, 3), status="confirmed")
        accepted(CancelOrder, order_id=order_id, reason="Changed my mind")
        released_1, released_2, cancelled = last_events(3)
        assert released_1.type == released_2.type == "orders.stock_released"
        assert [released_1.stream_id, released_2.stream_id] == [first, second]
        assert [released_1.data["quantity"], released_2.data["quantity"]] == [2, 4]
        assert [released_1.data["reserved"], released_2.data["reserved"]] == [0, 0]
        assert (cancelled.type, cancelled.version) == ("orders.order_cancelled", 3)
        assert cancelled.data["previous_status"] == "confirmed"
        assert cancelled.data["reason"] == "Changed my mind"
        assert cancelled.data["total_amount"] == "60.00"
        assert [
            (item["product_id"], item["quantity"], item["line_total"], item["reserved_quantity"])
            for item in cancelled.data["items"]
        ] == [
            (str(second), 1, "10.00", 1),
            (str(first), 2, "20.00", 2),
            (str(second), 3, "30.00", 3),
        ]

    def test_releases_nothing_for_a_product_that_was_untracked_when_ordered(self):
        later_tracked = uuid7()
        order_id = order(line(later_tracked, 2))
        accepted(SetStock, product_id=later_tracked, on_hand=5)
        order(line(later_tracked, 3))
        accepted(CancelOrder, order_id=order_id)
        assert stock(later_tracked) == (5, 3, 2)

    def test_refuses_an_unknown_order(self):
        assert refused(CancelOrder, order_id=uuid7()).code == "not_found"

    @pytest.mark.parametrize("status", ["shipped", "delivered"])
    def test_refuses_an_order_that_has_left(self, status):
        order_id = order(line(product(5)), status=status)
        assert refused(CancelOrder, order_id=order_id).code == "invalid_transition"

    def test_refuses_a_second_time(self):
        order_id = order(line(product(5)))
        accepted(CancelOrder, order_id=order_id)
        assert refused(CancelOrder, order_id=order_id).code == "invalid_transition"

    def test_refuses_another_version_than_the_expected_one(self):
        order_id = order(line(product(5)))
        rejected = refused(CancelOrder, order_id=order_id, expected_version=2)
        assert rejected.code == "version_conflict"

    def test_refuses_a_reason_that_is_too_long(self):
        rejected = refused(CancelOrder, order_id=uuid7(), reason="x" * 2001)
        assert wrong_fields(rejected) == {"reason": "string_too_long"}
