"""Conditions combine as sets do: compared with plain Python over the same rows."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cqrs.queries.specifications import containing
from readmodels.models import CustomerReadModel, OrderReadModel
from readmodels.specifications import (
    in_currency,
    in_status,
    is_active,
    placed_by,
    placed_from,
    placed_until,
    totalling_from,
    totalling_until,
)
from tests.support.log import PLACED, Log

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
CUSTOMER = Log()._new_key()
DAY = timedelta(days=1)
TEN = Decimal(10)
Both = tuple[Callable[[Any], bool]]


def searched(order: OrderReadModel) -> str:
    return f"{order.customer_name} {order.customer_email} {order.pk}".lower()


ATOMS: list[Both] = [
    (placed_by(CUSTOMER), lambda order: order.customer_id == CUSTOMER),
    (in_status("pending"), lambda order: order.status == "pending"),
    (in_status("pending", "cancelled"), lambda order: order.status != "confirmed"),
    (in_status(), lambda _: False),
    (in_currency("EUR"), lambda order: order.currency == "EUR"),
    (placed_from(PLACED + DAY), lambda order: order.order_date >= PLACED + DAY),
    (placed_until(PLACED + DAY), lambda order: order.order_date <= PLACED + DAY),
    (totalling_from(TEN), lambda order: order.total_amount >= 10),
    (totalling_until(TEN), lambda order: order.total_amount <= 10),
    (containing("LOVE"), lambda order: "love" in searched(order)),
    (containing("a"), lambda order: "a" in searched(order)),
    (containing("Ada @"), lambda order: "ada" in searched(order)),
]


def _and(pair: tuple[Both, Both]) -> Both:
    (one, is_one), (other, is_other) = pair
    return one & other, lambda row: is_one(row) and is_other(row)


def _or(pair: tuple[Both, Both]) -> Both:
    (one, is_one), (other, is_other) = pair
    return one | other, lambda row: is_one(row) or is_other(row)


def _not(both: Both) -> Both:
    one, is_one = both
    return ~one, lambda row: not is_one(row)


COMBINED = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(_and), st.tuples(inner, inner).map(_or), inner.map(_not)
    ),
    max_leaves=6,
)


class TestSpecification:
    @pytest.fixture
    def orders(self, log: Log) -> list[OrderReadModel]:
        customers = [log.customer("Ada Lovelace"), log.customer("Bo")]
        assert customers[0] == CUSTOMER
        for number in range(12):
            order = log.order(
                customers[number % 2],
                total=f"{number}.00",
                currency=("USD", "EUR", "JPY")[number % 3],
                order_date=PLACED + DAY * (number % 4),
            )
            {1: log.confirm, 2: log.cancel}.get(number % 3, lambda _: None)(order)
        log.projected()
        return list(OrderReadModel.objects.all())

    @settings(
        deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(combined=COMBINED)
    def test_combines_as_sets_do(self, orders: list[OrderReadModel], combined: Both) -> None:
        specification, expected = combined
        found = OrderReadModel.objects.all().filter(specification)
        assert {order.pk for order in found} == {order.pk for order in orders if expected(order)}

    def test_finds_every_row_by_no_word(self, orders: list[OrderReadModel]) -> None:
        assert OrderReadModel.objects.filter(containing(" ")).count() == len(orders)
        assert OrderReadModel.objects.filter(~containing("")).count() == 0

    def test_finds_the_active_and_the_others(self, log: Log) -> None:
        active, gone = log.customer(), log.customer()
        log.deactivate(gone)
        log.projected()
        customers = CustomerReadModel.objects.all()
        assert [row.pk for row in customers.filter(is_active())] == [active]
        assert [row.pk for row in customers.filter(~is_active())] == [gone]
        assert customers.filter(is_active() & is_active(False)).count() == 0
