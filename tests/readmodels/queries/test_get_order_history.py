"""GetOrderHistory: what happened to an order, on the bus and over HTTP."""

from typing import Any

import orjson
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cqrs.consistency.tokens import ConsistencyToken
from cqrs.messaging import bus
from cqrs.messaging.context import Context, system_context, use_context
from cqrs.messaging.ids import uuid7
from cqrs.messaging.results import Ok, Rejected
from cqrs.projections.registry import runner
from readmodels.projections import PROJECTIONS
from readmodels.queries import GetOrderHistory
from tests.support.api import bearer
from tests.support.log import Log

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


def history(order_id: Any) -> list[dict[str, Any]]:
    result = bus.ask(GetOrderHistory, {"order_id": order_id})
    assert isinstance(result, Ok), result
    return [orjson.loads(document) for document in result.value.documents]


class TestGetOrderHistory:
    def test_tells_what_happened_to_the_order_alone_oldest_first(self, log: Log) -> None:
        customer = log.customer()
        before, order, after = (log.order(customer) for _ in range(3))
        log.published()
        with use_context(system_context(actor="grace", correlation_id="c7")):
            for step in (log.confirm, log.ship, log.deliver):
                step(order)
                step(after)
                log.published()
        log.cancel(before)
        log.projected()
        found = history(order)
        assert [(event["type"], event["version"], event["actor"]) for event in found] == [
            ("OrderCreated", 1, "test"),
            ("OrderConfirmed", 2, "grace"),
            ("OrderShipped", 3, "grace"),
            ("OrderDelivered", 4, "grace"),
        ]
        assert [event["correlation_id"] for event in found] == ["c0", "c7", "c7", "c7"]
        assert {event["data"]["order_id"] for event in found} == {str(order)}
        assert [event["type"] for event in history(before)] == ["OrderCreated", "OrderCancelled"]

    def test_tells_that_the_order_was_changed_outside_the_application(self, log: Log) -> None:
        order = log.order(log.customer())
        log.alter(order, status="shipped")
        log.projected()
        _, event = history(order)
        assert (event["type"], event["version"]) == ("OrderChangedOutside", 2)
        assert event["data"]["before"]["status"] == "pending"
        assert event["data"]["after"]["status"] == "shipped"

    def test_refuses_an_unknown_order(self) -> None:
        order = uuid7()
        assert bus.ask(GetOrderHistory, {"order_id": order}) == Rejected(
            "not_found", f"There is no order {order}"
        )

    def test_takes_one_statement(self, log: Log) -> None:
        order = log.order(log.customer())
        log.projected()
        with (
            CaptureQueriesContext(connections["replica"]) as on_replica,
            CaptureQueriesContext(connections["default"]) as on_default,
        ):
            history(order)
        assert (len(on_replica), len(on_default)) == (1, 0)

    def test_finds_the_events_by_the_key_alone(self, log: Log) -> None:
        order = log.order(log.customer())
        log.projected()
        with connections["replica"].cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            cursor.execute(
                "EXPLAIN SELECT document FROM read_order_history WHERE id > %s AND id < %s"
                " ORDER BY id",
                [f"{order} ", f"{order}!"],
            )
            plan = "\n".join(line for (line,) in cursor.fetchall())
            cursor.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 'read_order_history'")
            assert cursor.fetchone() == (1,)
        assert "Index Scan using read_order_history_pkey" in plan
        assert "Index Cond" in plan

    def test_needs_the_permission_to_see_orders(self) -> None:
        may = Context(permissions=frozenset({"readmodels.view_reports"}))
        with use_context(may), pytest.raises(PermissionDenied, match="view_orders"):
            bus.ask(GetOrderHistory, {})


class TestAddress:
    def test_answers_results(self, log: Log, client: Client) -> None:
        order = log.order(log.customer(), total="20.00")
        log.projected()
        answer = client.get(f"/api/orders/{order}/history", headers=bearer("ada"))
        assert answer.status_code == 200
        [event] = answer.json()["results"]
        assert list(event) == ["type", "version", "occurred_at", "actor", "correlation_id", "data"]
        assert event["data"]["total_amount"] == "20.00"
        assert answer["ETag"]
        for path, status in (
            (f"{order}/history?page=1", 400),
            (f"{uuid7()}/history", 404),
            ("nonsense/history", 404),
        ):
            assert client.get(f"/api/orders/{path}", headers=bearer("ada")).status_code == status

    def test_honours_a_consistency_token(self, log: Log, client: Client) -> None:
        """The token's order is found in the orders, then the history has to be as far."""
        order = log.order(log.customer())
        log.projected()
        token = ConsistencyToken("order", order, 1).encode()
        headers = {**bearer("ada"), "X-Consistency-Token": token, "Prefer": "wait=0"}
        path = f"/api/orders/{order}/history"
        assert client.get(path, headers=headers).status_code == 200
        log.confirm(order)
        log.sequenced()
        runner.drain(*(each for each in PROJECTIONS if each.name != "order_history"))
        headers["X-Consistency-Token"] = ConsistencyToken("order", order, 2).encode()
        behind = client.get(path, headers=headers)
        assert (behind.status_code, behind.json()["code"]) == (503, "read_side_behind")
        log.projected()
        assert len(client.get(path, headers=headers).json()["results"]) == 2
