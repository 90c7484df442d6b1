"""Every command at its address: status, body, and the headers that every command answers with."""

from uuid import UUID

import pytest

from cqrs.consistency.tokens import decode
from cqrs.messaging.ids import uuid7
from tests.http.api import Api
from tests.support import scenarios
from tests.support.scenarios import ADDRESS, content, line

pytestmark = pytest.mark.django_db(databases=["default", "replica"])

CUSTOMER = {"id", "name", "email", "is_active", "registered_at", "version"}
ORDER = {
    "id", "customer_id", "status", "items", "shipping_address", "special_instructions",
    "total_amount", "currency", "order_date", "version",
}  # fmt: skip
ITEM = {"product_id", "product_name", "quantity", "unit_price", "currency", "line_total"}
STOCK = {"product_id", "sku", "name", "on_hand", "reserved", "available", "version"}


def assert_state(answer, status: int, kind: str, version: int, location: str = "") -> dict:
    """See what every command's answer carries; return its body."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    assert answer["ETag"] == f'"{version}"'
    state = answer.json()
    assert state["version"] == version
    token = decode(answer["X-Consistency-Token"])
    aggregate = state.get("id") or state["product_id"]
    assert (token.stream_type, str(token.stream_id), token.version) == (kind, aggregate, version)
    assert answer.get("Location", "") == (f"{location}/{aggregate}" if location else "")
    assert answer["X-Request-Id"]
    return state


class TestCustomers:
    def test_registers(self, api: Api):
        answer = api.post("/api/customers", {"name": "Ada", "email": "Ada@Example.com"})
        state = assert_state(answer, 201, "customer", 1, "/api/customers")
        assert set(state) == CUSTOMER
        assert (state["name"], state["email"], state["is_active"]) == (
            "Ada",
            "Ada@Example.com",
            True,
        )
        assert UUID(state["id"]).version == 7
        assert state["registered_at"].endswith("Z")

    def test_updates(self, api: Api):
        customer = scenarios.customer()
        answer = api.patch(f"/api/customers/{customer}", {"name": "Bea"})
        assert assert_state(answer, 200, "customer", 2)["name"] == "Bea"

    @pytest.mark.parametrize("body", [None, {"reason": "moved away"}])
    def test_deactivates(self, api: Api, body: dict | None):
        answer = api.post(f"/api/customers/{scenarios.customer()}/deactivate", body)
        assert assert_state(answer, 200, "customer", 2)["is_active"] is False


class TestOrders:
    def test_places(self, api: Api):
        customer = scenarios.customer()
        items = [line(quantity=3, unit_price="10.005"), line(unit_price=0.1)]
        answer = api.post("/api/orders", content(customer, *items, special_instructions="Ring"))
        state = assert_state(answer, 201, "order", 1, "/api/orders")
        assert set(state) >= ORDER
        assert state["customer_id"] == str(customer)
        assert state["status"] == "pending"
        assert state["shipping_address"] == ADDRESS
        assert state["special_instructions"] == "Ring"
        assert (state["total_amount"], state["currency"]) == ("30.12", "USD")
        assert set(state["items"][0]) == ITEM
        assert [item["line_total"] for item in state["items"]] == ["30.02", "0.10"]

    def test_moves_on(self, api: Api):
        order = scenarios.order()
        steps = [("confirm", "confirmed"), ("ship", "shipped"), ("deliver", "delivered")]
        for version, (action, status) in enumerate(steps, start=2):
            answer = api.post(f"/api/orders/{order}/{action}")
            assert assert_state(answer, 200, "order", version)["status"] == status

    def test_ships_with_a_carrier(self, api: Api):
        order = scenarios.order(status="confirmed")
        body = {"carrier": "DHL", "tracking_number": "42"}
        state = assert_state(api.post(f"/api/orders/{order}/ship", body), 200, "order", 3)
        assert (state["carrier"], state["tracking_number"]) == ("DHL", "42")

    @pytest.mark.parametrize("body", [None, {"reason": "too late"}])
    def test_cancels(self, api: Api, body: dict | None):
        answer = api.post(f"/api/orders/{scenarios.order()}/cancel", body)
        assert assert_state(answer, 200, "order", 2)["status"] == "cancelled"

    def test_takes_a_command_without_body_and_type(self, api: Api):
        order = scenarios.order()
        answer = api.http.generic("POST", f"/api/orders/{order}/confirm", headers=api._headers())
        assert answer.status_code == 200

    def test_finds_an_id_in_upper_case(self, api: Api):
        order = str(scenarios.order()).upper()
        assert api.post(f"/api/orders/{order}/confirm").status_code == 200


class TestStock:
    def test_sets(self, api: Api):
        product = uuid7()
        body = {"on_hand": 7, "sku": "L-1", "name": "Lamp"}
        state = assert_state(api.put(f"/api/products/{product}/stock", body), 200, "stock", 1)
        assert state == {"product_id": str(product), "sku": "L-1", "name": "Lamp",
                         "on_hand": 7, "reserved": 0, "available": 7, "version": 1}  # fmt: skip
        assert set(state) == STOCK


class TestPreferWait:
    def test_answers_the_same_without_the_promise_when_the_read_side_is_not_there(self, api: Api):
        answer = api.post("/api/orders", content(scenarios.customer()), Prefer="wait=0")
        assert_state(answer, 201, "order", 1, "/api/orders")
        assert "Preference-Applied" not in answer

    @pytest.mark.parametrize("preference", ["wait", "wait=x", "respond-async"])
    def test_ignores_what_it_does_not_understand(self, api: Api, preference: str):
        answer = api.post("/api/orders", content(scenarios.customer()), Prefer=preference)
        assert answer.status_code == 201
        assert "Preference-Applied" not in answer


class TestContext:
    def test_goes_by_the_name_that_the_client_gives(self, api: Api):
        answer = api.get("/api/orders", **{"X-Request-Id": "my-request"})
        assert answer["X-Request-Id"] == "my-request"
