"""Every other row of the table of errors: status and code."""

import json

import pytest
from django.test import override_settings

from cqrs.messaging.ids import uuid7
from tests.http.addresses import COMMANDS, MISSING
from tests.http.api import Api, assert_problem
from tests.support import scenarios
from tests.support.scenarios import content, line, nothing_written

pytestmark = pytest.mark.django_db(databases=["default", "replica"])


class TestNotFound:
    @pytest.mark.parametrize(
        "name", [name for name in COMMANDS if "/api/orders/" in COMMANDS[name][1]]
    )
    def test_says_so_of_an_unknown_order(self, api: Api, name: str):
        with nothing_written():
            answer = api.post(COMMANDS[name][1])
        assert MISSING in assert_problem(answer, 404, "not_found")["detail"]

    def test_says_so_of_an_unknown_customer(self, api: Api):
        path = f"/api/customers/{MISSING}"
        for answer in (
            api.patch(path, {"name": "Bea"}),
            api.post(f"{path}/deactivate"),
            api.get(path),
            api.post("/api/orders", content(MISSING)),
        ):
            assert MISSING in assert_problem(answer, 404, "not_found")["detail"]

    @pytest.mark.parametrize("path", [
        "/api/orders/7", "/api/orders/x", "/api/customers/7", "/api/customers/7/orders",
        "/api/orders/", "/api/nothing", "/api", "/nothing", f"/api/orders/{MISSING}/nothing",
        f"/api/orders/{{{MISSING}}}", f"/api/orders/{MISSING.replace('-', '')}",
    ])  # fmt: skip
    def test_says_so_of_an_address_that_is_none(self, api: Api, path: str):
        assert_problem(api.get(path), 404, "not_found")

    @pytest.mark.parametrize("path", ["/api/orders/7/confirm", "/api/customers/7/deactivate"])
    def test_says_so_of_a_command_to_what_is_no_uuid(self, api: Api, path: str):
        assert_problem(api.post(path), 404, "not_found")


class TestMethodSizeAndType:
    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("delete", "/api/orders", {"GET", "POST"}),
            ("put", f"/api/orders/{MISSING}", {"GET"}),
            ("delete", f"/api/customers/{MISSING}", {"GET", "PATCH"}),
            ("get", f"/api/orders/{MISSING}/confirm", {"POST"}),
            ("post", f"/api/products/{MISSING}/stock", {"PUT"}),
            ("get", "/api/auth/token", {"POST"}),
        ],
    )
    def test_names_the_methods_there_are(self, api: Api, method: str, path: str, allowed: set):
        answer = getattr(api.http, method)(path, headers=api._headers())
        assert_problem(answer, 405, "method_not_allowed")
        assert allowed <= set(answer["Allow"].split(", "))

    def test_refuses_too_much(self, api: Api):
        body = json.dumps({"name": "x" * 2_700_000})
        answer = api.http.post("/api/customers", body, "application/json", headers=api._headers())
        assert_problem(answer, 413, "too_large")

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded",
                                      "multipart/form-data; boundary=x"])  # fmt: skip
    def test_refuses_other_types(self, api: Api, kind: str):
        answer = api.http.post("/api/customers", "name=Ada", kind, headers=api._headers())
        assert_problem(answer, 415, "unsupported_media_type")


class TestRules:
    def test_out_of_stock(self, api: Api):
        body = content(scenarios.customer(), line(scenarios.product(on_hand=1), quantity=2))
        with nothing_written():
            assert_problem(api.post("/api/orders", body), 409, "out_of_stock")

    @override_settings(UNTRACKED_PRODUCTS="reject")
    def test_unknown_product(self, api: Api):
        body = content(scenarios.customer())
        with nothing_written():
            assert_problem(api.post("/api/orders", body), 409, "unknown_product")

    def test_stock_below_reserved(self, api: Api):
        product = scenarios.product(on_hand=3)
        scenarios.order(line(product, quantity=2))
        with nothing_written():
            answer = api.put(f"/api/products/{product}/stock", {"on_hand": 1})
        assert_problem(answer, 409, "stock_below_reserved")

    def test_email_taken(self, api: Api):
        scenarios.customer(email="ada@example.com")
        with nothing_written():
            answer = api.post("/api/customers", {"name": "Ada", "email": "ADA@example.com"})
        assert_problem(answer, 409, "email_taken")

    @pytest.mark.parametrize(
        ("status", "action"),
        [("pending", "ship"), ("pending", "deliver"), ("confirmed", "confirm"),
         ("shipped", "cancel"), ("delivered", "deliver")],
    )  # fmt: skip
    def test_invalid_transition(self, api: Api, status: str, action: str):
        order = scenarios.order(status=status)
        with nothing_written():
            answer = api.post(f"/api/orders/{order}/{action}")
        assert_problem(answer, 409, "invalid_transition")

    def test_customer_inactive(self, api: Api):
        customer = scenarios.customer()
        api.post(f"/api/customers/{customer}/deactivate")
        with nothing_written():
            assert_problem(api.post("/api/orders", content(customer)), 409, "customer_inactive")
            again = api.post(f"/api/customers/{customer}/deactivate")
        assert_problem(again, 409, "customer_inactive")

    def test_currency_mismatch(self, api: Api):
        body = content(scenarios.customer(), line(currency="USD"), line(currency="EUR"))
        with nothing_written():
            assert_problem(api.post("/api/orders", body), 409, "currency_mismatch")


class TestConsistencyToken:
    @pytest.mark.parametrize("given", ["x", "AAAA", "b3JkZXI6eDox", "é"])
    def test_refuses_what_it_cannot_read(self, api: Api, given: str):
        answer = api.get("/api/orders", **{"X-Consistency-Token": given})
        assert_problem(answer, 400, "invalid_token")

    def test_says_that_the_read_side_is_behind(self, api: Api):
        placed = api.post("/api/orders", content(scenarios.customer()))
        waits = {"X-Consistency-Token": placed["X-Consistency-Token"], "Prefer": "wait=0"}
        answer = api.get(f"/api/orders/{uuid7()}", **waits)
        assert_problem(answer, 503, "read_side_behind")
        assert int(answer["Retry-After"]) >= 1
        api.projected()
        assert api.get(placed["Location"], **waits).status_code == 200
