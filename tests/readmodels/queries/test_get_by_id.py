"""GetOrderById and GetCustomerById promise the same."""

from typing import Any

import orjson
import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from cqrs.behaviors.guard import GuardViolation
from cqrs.messaging import bus
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Ok, Rejected
from cqrs.models import FeedHead
from cqrs.queries.pages import StoredDocument
from customers.models import Customer
from readmodels import queries
from readmodels.models import OrderReadModel
from readmodels.queries import GetCustomerById, GetOrderById
from tests.support.log import Log

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


class TestGetOrderById:
    def test_answers_the_document(self, log: Log) -> None:
        order = log.order(log.customer())
        log.confirm(order)
        log.projected()
        result = bus.ask(GetOrderById, {"order_id": order})
        assert isinstance(result, Ok)
        stored = OrderReadModel.objects.get().document
        assert result.value == StoredDocument(body=stored, version=2, position=3)
        assert orjson.loads(stored)["id"] == str(order)

    def test_refuses_an_unknown_id(self) -> None:
        order = uuid7()
        assert bus.ask(GetOrderById, {"order_id": order}) == Rejected(
            "not_found", f"There is no order {order}"
        )


class TestGetCustomerById:
    def test_answers_the_document(self, log: Log) -> None:
        customer = log.customer("Ada")
        log.order(customer)
        log.projected()
        result = bus.ask(GetCustomerById, {"customer_id": str(customer)})
        assert isinstance(result, Ok)
        assert (result.value.version, result.value.position) == (1, 2)
        assert orjson.loads(result.value.body)["order_count"] == 1

    def test_refuses_an_unknown_id(self) -> None:
        customer = uuid7()
        assert bus.ask(GetCustomerById, {"customer_id": customer}) == Rejected(
            "not_found", f"There is no customer {customer}"
        )


class TestEveryQuery:
    @pytest.mark.parametrize("query", [GetOrderById, GetCustomerById])
    def test_of_one_takes_one_statement(self, query: Any) -> None:
        (field,) = query.server_set_fields() - {"consistency_token", "wait_s"}
        with (
            CaptureQueriesContext(connections["replica"]) as on_replica,
            CaptureQueriesContext(connections["default"]) as on_default,
        ):
            bus.ask(query, {field: uuid7()})
        assert (len(on_replica), len(on_default)) == (1, 0)

    @pytest.mark.parametrize("query", list(queries.HANDLERS))
    @pytest.mark.parametrize("touch", [
        lambda: Customer.objects.count(),
        lambda: FeedHead.objects.using("default").first(),
        lambda: OrderReadModel.objects.all().delete(),
    ])  # fmt: skip
    def test_raises_when_it_touches_the_write_side_or_writes(
        self, monkeypatch: pytest.MonkeyPatch, query: Any, touch: Any
    ) -> None:
        monkeypatch.setitem(bus.handlers(), query, lambda _: touch())
        ids = {name: uuid7() for name in query.server_set_fields() if name.endswith("_id")}
        with pytest.raises(GuardViolation):
            bus.ask(query, ids)
