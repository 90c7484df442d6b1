from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from cqrs.event_log.events import RecordedEvent
from cqrs.projections.rows import MissingRow
from readmodels.models import OrderCustomer, OrderReadModel, OrderSearch
from readmodels.projections import orders
from readmodels.projections.orders import Orders
from tests.support.expected import STATUS, searched, time, words
from tests.support.log import Log
from tests.support.projection_contract import DeskProjectionContract

READ = pytest.mark.django_db(databases=["default", "replica"])


def fold(events: Sequence[RecordedEvent]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    names: dict[str, tuple[str, str]] = {}
    for event in events:
        data, kind = event.data, event.type
        if (named := _named(event)) is not None:
            names[data["customer_id"]] = (named["name"], named["email"])
            for row in found.values():
                if row["document"]["customer_id"] == data["customer_id"]:
                    row["document"]["customer_name"] = named["name"]
                    row["document"]["customer_email"] = named["email"]
                    row["position"] = event.position
        elif kind == "orders.order_created":
            found[data["order_id"]] = {"document": _new(data, data, names)}
        elif kind == "orders.order_changed_outside":
            found.pop(data["order_id"], None)
            if data["after"] is None:
                continue
            found[data["order_id"]] = {"document": _new(data, data["after"], names)}
        if kind.startswith("orders.order_"):
            row = found[data["order_id"]]
            row["position"] = event.position
            row["document"]["version"] = event.version
            row["document"]["updated_at"] = time(event.occurred_at.isoformat())
            after = data.get("after") or {"status": STATUS.get(kind, "pending")}
            row["document"]["status"] = after["status"]
            if kind == "orders.order_shipped":
                row["document"]["carrier"] = data["carrier"]
                row["document"]["tracking_number"] = data["tracking_number"]
    return found


def _named(event: RecordedEvent) -> dict[str, str] | None:
    """Return the name and the address that the event gives a customer, if it does."""
    if event.type in ("customers.customer_registered", "customers.customer_updated"):
        return event.data
    if event.type != "customers.customer_changed_outside":
        return None
    names = [
        {name: row and row[name] for name in ("name", "email")}
        for row in (event.data["before"], event.data["after"])
    ]
    return None if event.data["after"] is None or names[0] == names[1] else names[1]


def _new(event: Any, order: Any, names: Any) -> dict[str, Any]:
    items = [dict(line) for line in order["items"]]
    for line in items:
        del line["reserved_quantity"]
    name, email = names.get(event["customer_id"], ("", ""))
    return {
        "id": event["order_id"], "customer_id": event["customer_id"],
        "customer_name": name, "customer_email": email, "items": items,
        "total_amount": order["total_amount"], "currency": order["currency"],
        "item_count": len(items), "order_date": time(order["order_date"]),
        "shipping_address": "12 Elm Street, Springfield, IL 62701, US",
        "special_instructions": order["special_instructions"],
        "carrier": order.get("carrier", ""), "tracking_number": order.get("tracking_number", ""),
    }  # fmt: skip


class TestOrders(DeskProjectionContract):
    projection = Orders()
    models = (OrderReadModel, OrderSearch, OrderCustomer)
    fold = staticmethod(fold)

    def observed(self) -> dict[str, Any]:
        found = {
            str(row.pk): {"document": orjson.loads(row.document), "position": row.position}
            for row in OrderReadModel.objects.all()
        }
        assert searched(OrderSearch) == {
            key: words(row["document"], "customer_name", "customer_email", "id")
            for key, row in found.items()
        }
        return found

    @READ
    def test_writes_the_document_and_its_columns(self, log: Log) -> None:
        customer = log.customer("Zoë Ünal", "zoe@Example.com")
        order = log.order(customer, total="12.30", currency="EUR", special_instructions='Say "hi"')
        created = log.sequenced()[-1]
        self.apply(log.sequenced())
        row = OrderReadModel.objects.get()
        document = orjson.loads(row.document)
        assert list(document) == [
            "id", "customer_id", "customer_name", "customer_email", "status", "items",
            "total_amount", "currency", "item_count", "order_date", "updated_at",
            "shipping_address", "special_instructions", "carrier", "tracking_number", "version",
        ]  # fmt: skip
        assert document["items"] == [
            {
                "product_id": str(log.orders[order]["items"][0].product_id),
                "product_name": "Lamp",
                "quantity": 2,
                "unit_price": "6.15",
                "currency": "EUR",
                "line_total": "12.30",
            }
        ]
        assert document["order_date"] == "2026-01-31T12:30:00.000000Z"
        assert document["total_amount"] == "12.30"
        assert document["special_instructions"] == 'Say "hi"'
        for name in ("customer_name", "customer_email", "status", "currency", "item_count"):
            assert getattr(row, name) == document[name]
        assert str(row.total_amount) == "12.3000"
        assert (row.id, row.customer_id) == (order, customer)
        assert row.updated_at == created.occurred_at
        search = OrderSearch.objects.get()
        assert search.search_text == f"zoë ünal\nzoe@example.com\n{order}"
        assert (search.id, search.customer_id) == (order, customer)

    @READ
    def test_renames_orders_beyond_one_chunk(
        self, log: Log, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(orders, "RENAME_CHUNK", 2)
        customer, other = log.customer("Ada"), log.customer("Bo")
        for _ in range(5):
            log.order(customer)
        log.order(other)
        before = log.sequenced()
        self.apply(before)
        log.rename(customer, "Grace", "grace@example.com")
        self.apply(log.sequenced()[len(before) :])
        names = OrderReadModel.objects.values_list("customer_name", "customer_email")
        assert names.filter(customer_id=customer).distinct().get() == ("Grace", "grace@example.com")
        assert names.get(customer_id=other)[0] == "Bo"

    @READ
    def test_a_rename_leaves_version_and_time_of_change(self, log: Log) -> None:
        customer = log.customer("Ada")
        log.order(customer)
        self.apply(log.sequenced())
        before = OrderReadModel.objects.values("version", "updated_at").get()
        log.rename(customer, "Grace")
        self.apply(log.sequenced())
        assert OrderReadModel.objects.values("version", "updated_at").get() == before

    @READ
    def test_an_order_gets_its_name_when_its_customers_event_was_parked(self, log: Log) -> None:
        log.order(log.customer("Ada"))
        registered, created = log.sequenced()
        self.apply([created])
        assert OrderReadModel.objects.get().customer_name == ""
        self.apply([registered])
        row = OrderReadModel.objects.get()
        assert row.customer_name == orjson.loads(row.document)["customer_name"] == "Ada"
        assert row.position == created.position

    @READ
    def test_an_event_without_its_order_is_an_error(self, log: Log) -> None:
        log.confirm(log.order(log.customer()))
        with pytest.raises(MissingRow, match=r"orders\.order_confirmed at position 3"):
            self.apply(log.sequenced()[2:])
