from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

import orjson
import pytest

from cqrs.event_log.events import RecordedEvent
from readmodels.models import (
    CustomerOrderDate,
    CustomerOrders,
    CustomerReadModel,
    CustomerSearch,
)
from readmodels.projections.customers import Customers
from tests.support.expected import searched, time, words
from tests.support.log import PLACED, Log
from tests.support.projection_contract import DeskProjectionContract
from tests.support.snapshots import last_snapshots

READ = pytest.mark.django_db(databases=["default", "replica"])


def fold(events: Sequence[RecordedEvent]) -> dict[str, Any]:
    """Count the orders as they are in the end, instead of adding up what happened to them."""
    orders = list(last_snapshots(events, "order").values())
    versions = {str(e.stream_id): e.version for e in events if e.stream_type == "customer"}
    return {
        key: {
            "id": key,
            **customer.model_dump(),
            "registered_at": _text(customer.registered_at),
            "version": versions[key],
            **_sums([order for order in orders if str(order.customer_id) == key]),
        }
        for key, customer in last_snapshots(events, "customer").items()
    }


def _sums(mine: list[Any]) -> dict[str, Any]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for order in mine:
        if order.status != "cancelled":
            with localcontext(prec=60):
                totals[order.currency] += order.total_amount
    return {
        "order_count": len(mine),
        "open_order_count": sum(order.status in ("pending", "confirmed") for order in mine),
        "cancelled_count": sum(order.status == "cancelled" for order in mine),
        "totals": {currency: amount for currency, amount in totals.items() if amount},
        "last_order_at": max((_text(order.order_date) for order in mine), default=None),
    }


def _text(moment: datetime) -> str:
    return time(moment.isoformat())


class TestCustomers(DeskProjectionContract):
    projection = Customers()
    models = (CustomerReadModel, CustomerSearch, CustomerOrders, CustomerOrderDate)
    fold = staticmethod(fold)
    parkable = ("order", "customer")  # orders are counted without their customer

    def observed(self) -> dict[str, Any]:
        found = {}
        texts = searched(CustomerSearch)
        for row in CustomerReadModel.objects.all():
            document = orjson.loads(row.document)
            assert texts.pop(str(row.pk)) == words(document, "name", "email", "id")
            assert document["totals"] == [
                {"currency": name, "amount": amount} for name, amount in sorted(row.totals.items())
            ]
            document["totals"] = {name: Decimal(amount) for name, amount in row.totals.items()}
            found[str(row.pk)] = document
        return found

    @READ
    def test_writes_the_document_and_its_columns(self, log: Log) -> None:
        customer = log.customer("Ada", "Ada@example.com")
        first = log.order(customer, total="10.10")
        log.order(customer, total="0.20", order_date=PLACED - timedelta(days=1))
        log.order(customer, total="7", currency="JPY")
        log.cancel(log.order(customer, total="5.00", currency="EUR"))
        log.confirm(first)
        log.ship(first)
        log.deactivate(customer)
        self.apply(log.sequenced())
        row = CustomerReadModel.objects.get()
        assert orjson.loads(row.document) == {
            "id": str(customer),
            "name": "Ada",
            "email": "Ada@example.com",
            "is_active": False,
            "registered_at": "2026-01-01T00:00:00.000000Z",
            "order_count": 4,
            "open_order_count": 2,
            "cancelled_count": 1,
            "totals": [
                {"currency": "JPY", "amount": "7"},
                {"currency": "USD", "amount": "10.30"},
            ],
            "last_order_at": "2026-01-31T12:30:00.000000Z",
            "version": 2,
        }
        assert row.totals == {"JPY": "7", "USD": "10.30"}
        assert (row.order_count, row.open_order_count, row.cancelled_count) == (4, 2, 1)
        assert (row.last_order_at, row.is_active, row.version) == (PLACED, False, 2)
        assert searched(CustomerSearch)[str(customer)] == f"ada\nada@example.com\n{customer}"

    @READ
    def test_adds_up_beyond_the_digits_of_a_float_or_a_default_decimal(self, log: Log) -> None:
        customer = log.customer()
        log.order(customer, total="99999999999999999999999999.99")
        log.order(customer, total="0.01")
        log.order(customer, total="99999999999999999999999999.99")
        self.apply(log.sequenced())
        assert CustomerReadModel.objects.get().totals == {"USD": "199999999999999999999999999.99"}
