"""The kernel's projection contract over histories of customers, orders and stock."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st

from cqrs.event_log.events import RecordedEvent
from cqrs.testing.projection_contract import ProjectionContract
from tests.support.histories import HISTORIES, write
from tests.support.log import PLACED, Log


class DeskProjectionContract(ProjectionContract):
    histories: ClassVar[st.SearchStrategy[Any]] = HISTORIES
    parkable: ClassVar[Collection[str]] = ("order",)

    def new_log(self) -> Log:
        return Log()

    def write(self, log: Log, history: Any) -> list[RecordedEvent]:
        return write(log, history)

    def lives(self, log: Log, count: int) -> list[RecordedEvent]:
        """Write customers with orders, of which something became, and products.

        Another program moves an order to an earlier day, deletes rows, and brings some back.
        """
        for number in range(count):
            product = log.stock(on_hand=number + 2, name=f"Lamp {number}")
            log.reserve(product, 2)
            customer = log.customer(f"Customer {number}")
            order = log.order(customer, total=f"{number}.50")
            log.confirm(order)
            log.rename(customer, f"Renamed {number}")
            if number % 2:
                log.cancel(order)
            else:
                log.ship(order)
            other = log.order(customer, order_date=PLACED + timedelta(days=1))
            log.alter(other, status="delivered", order_date=PLACED - timedelta(days=1))
            deleted = log.order(customer)
            log.change_outside(deleted, None)
            log.alter(product, on_hand=7, name=f"Altered {number}")
            log.change_outside(log.stock(), None)
            gone = log.customer()
            log.change_outside(gone, None)
            log.customer("Again", key=gone)
            log.alter(customer, name=f"Altered {number}")
        return log.sequenced()
