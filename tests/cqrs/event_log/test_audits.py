"""Writes that bypass the event log are found and named."""

from collections.abc import Callable
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from cqrs.event_log.audits import audit
from customers.models import Customer
from orders.models import Order, OrderLine, StockItem
from tests.support.scenarios import customer, line, order, product

pytestmark = [pytest.mark.django_db, pytest.mark.bypasses_events]


def found() -> list[tuple[str, str]]:
    return [(drift.what, drift.aggregate_id) for drift in audit()]


def by_hand(sql: str, *parameters: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


class TestAudit:
    @pytest.mark.parametrize("status", ["pending", "confirmed", "shipped", "delivered"])
    def test_finds_nothing_after_commands(self, status: str):
        order(line(product(on_hand=5), quantity=2), line(), status=status)
        assert found() == []

    @pytest.mark.parametrize(
        ("what", "make", "bypass"),
        [
            ("customer", customer, lambda key: Customer.objects.filter(pk=key).update(name="X")),
            ("customer", customer, lambda key: Customer.objects.filter(pk=key).update(version=9)),
            ("customer", customer, lambda key: Customer.objects.filter(pk=key).delete()),
            ("order", order, lambda key: Order.objects.filter(pk=key).update(status="shipped")),
            ("order", order, lambda key: OrderLine.objects.filter(order_id=key).delete()),
            ("order", order, lambda key: Order.objects.filter(pk=key).delete()),
            (
                "order",
                order,
                lambda key: by_hand("UPDATE orders_orderline SET line_total = 7", *[]),
            ),
            (
                "stock item",
                lambda: product(on_hand=3),
                lambda key: StockItem.objects.filter(pk=key).update(on_hand=4),
            ),
        ],
    )
    def test_names_what_was_changed(
        self, what: str, make: Callable[[], UUID], bypass: Callable[[UUID], None]
    ):
        key = make()
        bypass(key)
        assert found() == [(what, str(key))]

    def test_names_what_was_invented(self):
        stock_item = StockItem.objects.create(id=customer(), on_hand=1)
        assert found() == [("stock item", str(stock_item.id))]


@pytest.mark.django_db(transaction=True, databases=["default", "replica"])
class TestVerify:
    def test_says_that_all_agrees(self):
        order()
        out = StringIO()
        call_command("projections", "verify", stdout=out)
        assert out.getvalue().endswith("Everything agrees with the event log\n")

    def test_prints_each_drift_and_fails(self):
        key = order()
        Order.objects.filter(pk=key).update(status="shipped")
        out = StringIO()
        with pytest.raises(CommandError, match=r"1 write\(s\) bypassed the event log"):
            call_command("projections", "verify", "--repair", stdout=out)
        assert f"order {key}: stored [1, " in out.getvalue()
        Order.objects.filter(pk=key).update(status="pending")
