"""Reports equal SQL over the write model, to the cent, whatever was ordered and cancelled."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cqrs.event_log import sequencer
from cqrs.messaging.ids import uuid7
from cqrs.projections.registry import runner
from orders.commands import CancelOrder, ConfirmOrder, CreateOrder, ImportOrder
from readmodels.projections import PROJECTIONS
from tests.support.desk import FULL_COUNTS
from tests.support.report_sums import assert_reports_agree
from tests.support.scenarios import accepted, content, customer, line

PRODUCTS = [UUID(int=number) for number in range(1, 5)]
MIDNIGHT = datetime(2026, 2, 1, tzinfo=UTC)  # between two days, and two months
PRICES = st.sampled_from(["0", "0.005", "0.01", "0.125", "9.9999", "19.99", "1000000000"])
LINES = st.lists(
    st.tuples(
        st.sampled_from(PRODUCTS),
        st.sampled_from(["Lamp", "Lämp", "Pen"]),
        st.sampled_from([1, 2, 3, 999_999]),
        PRICES,
    ),
    min_size=1,
    max_size=5,
)
ORDERS = st.lists(
    st.tuples(
        LINES,
        st.sampled_from(["USD", "EUR", "JPY", "KWD"]),
        st.none() | st.integers(-3 * 24 * 60, 3 * 24 * 60),  # minutes from midnight, or now
        st.sampled_from(["keep", "keep", "cancel", "confirm", "confirm and cancel"]),
        st.booleans(),  # project before what comes next
    ),
    max_size=12,
)


@pytest.mark.django_db(databases=["default", "replica"])
@settings(
    deadline=None,
    max_examples=40 if FULL_COUNTS else 15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ORDERS)
def test_reports_are_what_sql_says_of_the_write_model(orders: Any) -> None:
    with transaction.atomic(), transaction.atomic(using="replica"):
        buyer, placed = customer(), []
        for lines, currency, minutes, fate, projected in orders:
            placed.append((place(buyer, lines, currency, minutes), fate))
            if projected:
                project()
        for order_id, fate in placed:
            if "confirm" in fate:
                accepted(ConfirmOrder, order_id=order_id)
            if "cancel" in fate:
                accepted(CancelOrder, order_id=order_id)
        project()
        assert_reports_agree()
        transaction.set_rollback(True)
        transaction.set_rollback(True, using="replica")


def place(buyer: UUID, lines: Any, currency: str, minutes: int | None) -> UUID:
    items = [
        line(product_id, quantity, product_name=name, unit_price=price)
        for product_id, name, quantity, price in lines
    ]
    payload = content(buyer, *items, currency=currency)
    if minutes is None:
        return accepted(CreateOrder, **payload).id
    ordered_at = (MIDNIGHT + timedelta(minutes=minutes)).isoformat()
    return accepted(ImportOrder, **payload, order_id=uuid7(), ordered_at=ordered_at).id


def project() -> None:
    sequencer.sequence()
    runner.drain(*PROJECTIONS)
