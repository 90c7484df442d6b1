"""Placing an order: what is written, what is refused, what it costs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cqrs.messaging.ids import uuid7
from cqrs.models import Pending
from orders.commands import CreateOrder
from orders.models import Order, OrderLine
from tests.support.scenarios import (
    ADDRESS,
    accepted,
    content,
    customer,
    events,
    last_events,
    line,
    product,
    stock,
)

pytestmark = pytest.mark.django_db


class TestCreateOrder:
    def test_answers_with_the_pending_order_at_version_1(self):
        buyer, lamp = customer(), product(5)
        state = accepted(
            CreateOrder,
            **content(buyer, line(lamp, 2, unit_price="9.999"), special_instructions="Ring twice"),
        )
        assert state.aggregate_id == state.id
        assert datetime.now(UTC) - state.order_date < timedelta(seconds=10)
        assert state.model_dump(mode="json", exclude={"id", "order_date"}) == {
            "customer_id": str(buyer),
            "status": "pending",
            "items": [
                {
                    "product_id": str(lamp),
                    "product_name": "Lamp",
                    "quantity": 2,
                    "unit_price": "9.999",
                    "currency": "USD",
                    "line_total": "20.00",
                }
            ],
            "shipping_address": ADDRESS,
            "special_instructions": "Ring twice",
            "total_amount": "20.00",
            "currency": "USD",
            "carrier": "",
            "tracking_number": "",
            "version": 1,
        }

    def test_stores_the_order_as_it_answered(self):
        items = [line(product(5), 2, unit_price="0.125"), line(quantity=3, unit_price="7")]
        state = accepted(CreateOrder, **content(customer(), *items))
        assert Order.objects.get(pk=state.id).state() == state
        assert state.total_amount == Decimal("21.25")

    def test_publishes_the_stock_by_product_id_and_the_order_last(self):
        buyer, (first, second) = customer(), sorted([product(5), product(5)])
        state = accepted(CreateOrder, **content(buyer, line(second, 2), line(first, 1)))
        reserved_1, reserved_2, created = last_events(3)
        assert [(event.type, event.stream_id, event.version) for event in last_events(3)] == [
            ("orders.stock_reserved", first, 2),
            ("orders.stock_reserved", second, 2),
            ("orders.order_created", state.id, 1),
        ]
        assert reserved_2.data == {
            "product_id": str(second),
            "on_hand": 5,
            "reserved": 2,
            "order_id": str(state.id),
            "quantity": 2,
        }
        assert created.data["shipping_address"] == ADDRESS
        assert created.data["total_amount"] == "30.00"
        assert [item["reserved_quantity"] for item in created.data["items"]] == [2, 1]
        assert created.metadata["actor"] == "test"
        assert "origin" not in created.metadata
        ids = {reserved_1.id, reserved_2.id, created.id}
        assert ids <= set(Pending.objects.values_list("event_id", flat=True))

    def test_sums_a_product_that_stands_on_several_lines(self):
        lamp = product(5)
        accepted(CreateOrder, **content(customer(), line(lamp, 2), line(lamp, 3)))
        assert stock(lamp) == (5, 5, 2)
        assert events(lamp) == [("orders.stock_set", 1), ("orders.stock_reserved", 2)]

    def test_accepts_a_product_without_a_stock_row_and_reserves_nothing(self):
        lamp, untracked = product(5), uuid7()
        state = accepted(CreateOrder, **content(customer(), line(untracked, 9), line(lamp, 1)))
        lines = OrderLine.objects.filter(order_id=state.id).order_by("number")
        assert list(lines.values_list("product_id", "reserved_quantity")) == [
            (untracked, 0),
            (lamp, 1),
        ]
        assert events(untracked) == []

    @pytest.mark.parametrize(
        ("order_currency", "line_currencies", "expected"),
        [
            (None, [None], "USD"),
            ("EUR", [None], "EUR"),
            (None, ["JPY", None], "JPY"),
            ("JPY", ["JPY"], "JPY"),
        ],
    )
    def test_gives_every_line_the_one_currency(self, order_currency, line_currencies, expected):
        items = [line(currency=currency) for currency in line_currencies]
        state = accepted(CreateOrder, **content(customer(), *items, currency=order_currency))
        assert state.currency == expected
        assert {item.currency for item in state.items} == {expected}

    def test_holds_the_largest_order_exactly(self):
        items = [line(quantity=1_000_000, unit_price="999999999.9999", currency="CLF")] * 500
        state = accepted(CreateOrder, **content(customer(), *items))
        assert str(state.total_amount) == "499999999999950000.0000"
        assert Order.objects.get(pk=state.id).state() == state


class TestCreateOrderCosts:
    @pytest.mark.parametrize("lines", [3, 100])
    def test_six_statements_whatever_the_number_of_lines(self, lines):
        items = [line(product(5)) for _ in range(lines)]
        payload = content(customer(), *items)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            accepted(CreateOrder, **payload)
        statements = [q["sql"] for q in captured if "SAVEPOINT" not in q["sql"]]
        assert [" ".join(sql.split()[:3]) for sql in statements] == [
            'SELECT stored."version", stored."digest",',
            'SELECT "orders_stockitem"."version", "orders_stockitem"."digest",',
            'UPDATE "orders_stockitem" AS',
            'INSERT INTO "orders_order"',
            'INSERT INTO "orders_orderline"',
            "WITH inserted AS",
        ]
