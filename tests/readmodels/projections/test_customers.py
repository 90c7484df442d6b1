from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest

from cqrs.event_log.events import RecordedEvent
from readmodels.models import CustomerReadModel, CustomerSearch
from readmodels.projections.customers import Customers
from tests.support.expected import STATUS, searched, time, words
from tests.support.log import PLACED, Log
from tests.support.projection_contract import DeskProjectionContract

READ = pytest.mark.django_db(databases=["default", "replica"])


def fold(events: Sequence[RecordedEvent]) -> dict[str, Any]:
    """Count the orders as they are in the end, instead of adding up what happened to them."""
    customers: dict[str, Any] = {}
    orders: dict[str, Any] = {}
    for event in events:
        data, kind = event.data, event.type
        if kind.startswith("customers."):
            customer = customers.setdefault(data["customer_id"], {"is_active": True})
            customer |= {name: data[name] for name in ("name", "email") if name in data}
            customer["version"] = event.version
            if kind == "customers.customer_registered":
                customer["registered_at"] = time(data["registered_at"])
            if kind == "customers.customer_deactivated":
                customer["is_active"] = False
        if kind.startswith("orders.order_"):
            orders[data["order_id"]] = {**data, "status": STATUS.get(kind, "pending")}
    return {
        key: {"id": key, **customer, **_sums(key, orders)} for key, customer in customers.items()
    }


def _sums(customer_id: str, orders: dict[str, Any]) -> dict[str, Any]:
    mine = [order for order in orders.values() if order["customer_id"] == customer_id]
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for order in mine:
        if order["status"] != "cancelled":
            totals[order["currency"]] += Decimal(order["total_amount"])
    return {
        "order_count": len(mine),
        "open_order_count": sum(order["status"] in ("pending", "confirmed") for order in mine),
        "cancelled_count": sum(order["status"] == "cancelled" for order in mine),
        "totals": {currency: amount for currency, amount in totals.items() if amount},
        "last_order_at": max((time(order["order_date"]) for order in mine), default=None),
    }


class TestCustomers(DeskProjectionContract):
    projection = Customers()
    models = (CustomerReadModel, CustomerSearch)
    fold = staticmethod(fold)

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
