"""Rows of every list, for what is asked with all filters."""

from datetime import timedelta

import pytest

from tests.readmodels.queries.asking import ADA
from tests.support.log import PLACED, Log


@pytest.fixture
def nine_orders(log: Log) -> None:
    customers = [log.customer(name) for name in ("Ada", "Bo", "Ada B")]
    assert customers[0] == ADA
    log.deactivate(customers[1])
    for number in range(9):
        currency = ("USD", "EUR")[number % 2]
        placed = PLACED + timedelta(microseconds=number // 2)
        order = log.order(customers[number % 3], total=f"{number}.00", currency=currency,
                          order_date=placed)  # fmt: skip
        if number % 4 == 0:
            log.confirm(order)
        if number == 4:
            log.cancel(order)
    for name in ("Lamp", "Mat", "Lamp Ada"):
        log.stock(name=name)
    log.projected()
