"""Every row of the table of errors: status, code, and for invalid input every wrong field."""

import json
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from cqrs.ids import uuid7
from tests import scenarios
from tests.http.api import Api, assert_problem, wrong
from tests.scenarios import content, line, nothing_written

pytestmark = pytest.mark.django_db(databases=["default", "replica"])

NOBODY = "018f0000-0000-7000-8000-000000000000"
COMMANDS = {
    "register": ("post", "/api/customers"),
    "update": ("patch", f"/api/customers/{NOBODY}"),
    "deactivate": ("post", f"/api/customers/{NOBODY}/deactivate"),
    "create": ("post", "/api/orders"),
    "confirm": ("post", f"/api/orders/{NOBODY}/confirm"),
    "ship": ("post", f"/api/orders/{NOBODY}/ship"),
    "deliver": ("post", f"/api/orders/{NOBODY}/deliver"),
    "cancel": ("post", f"/api/orders/{NOBODY}/cancel"),
    "stock": ("put", f"/api/products/{NOBODY}/stock"),
}
QUERIES = ["/api/orders", f"/api/orders/{NOBODY}", "/api/customers", f"/api/customers/{NOBODY}",
           f"/api/customers/{NOBODY}/orders"]  # fmt: skip
NO_OBJECTS = ["{", "", "[]", '"x"', "null", "NaN", '{"name": NaN}', "[" * 9999]
MAY = {
    "viewer": set(),
    "clerk": {"register", "update", "deactivate", "create", "cancel"},
    "warehouse": {"confirm", "ship", "deliver", "stock"},
    "admin": set(COMMANDS),
}


class TestInvalid:
    @pytest.mark.parametrize(
        "body", ["{", "", "[]", '"x"', "null", "NaN", '{"name": NaN}', "[" * 9999]
    )
    def test_refuses_what_is_no_json_object(self, api: Api, body: str):
        answer = api.http.post("/api/customers", body, "application/json", headers=api._headers())
        problem = assert_problem(answer, 400, "invalid")
        assert problem["detail"]

    def test_names_every_wrong_field(self, api: Api):
        body = {
            "customer_id": "nobody",
            "items": [
                line(quantity=0, unit_price="-1", color="red"),
                line(quantity="3", unit_price="1.23456"),
                line(product_name="", currency="XXY") | {"product_id": 7},
            ],
            "shipping_address": {"street": "x" * 201, "city": 7, "state": "\0", "country": "AT"},
            "currency": "usd",
            "note": "unknown",
        }
        with nothing_written():
            answer = api.post("/api/orders", body)
        assert set(wrong(answer)) == {
            "customer_id",
            "items.0.quantity", "items.0.unit_price", "items.0.color",
            "items.1.quantity", "items.1.unit_price",
            "items.2.product_id", "items.2.product_name", "items.2.currency",
            "shipping_address.street", "shipping_address.city", "shipping_address.state",
            "shipping_address.postal_code",
            "currency", "note",
        }  # fmt: skip

    @pytest.mark.parametrize(
        "field", ["order_id", "order_date", "expected_version", "id", "status"]
    )
    def test_refuses_what_only_the_server_sets(self, api: Api, field: str):
        body = content(scenarios.customer(), **{field: "1"})
        assert wrong(api.post("/api/orders", body)) == {field: "extra_forbidden"}

    def test_does_not_repeat_what_was_sent(self, api: Api):
        answer = api.post("/api/customers", {"name": "Ada", "email": "my secret"})
        assert "my secret" not in answer.content.decode()

    @pytest.mark.parametrize("items", [[], [line()] * 501])
    def test_refuses_no_line_and_too_many(self, api: Api, items: list):
        body = {**content(scenarios.customer()), "items": items}
        assert set(wrong(api.post("/api/orders", body))) == {"items"}

    def test_takes_500_lines(self, api: Api):
        body = {**content(scenarios.customer()), "items": [line()] * 500}
        assert api.post("/api/orders", body).status_code == 201

    def test_refuses_a_change_of_nothing(self, api: Api):
        answer = api.patch(f"/api/customers/{scenarios.customer()}", {})
        assert_problem(answer, 400, "invalid")

    def test_names_the_fields_of_a_login(self, api: Api):
        answer = api.http.post("/api/auth/token", {"username": ""}, "application/json")
        assert set(wrong(answer)) == {"username", "password"}

    def test_refuses_text_that_is_no_unicode(self, api: Api):
        body = '{"name": "\\ud800", "email": "a@example.com"}'
        answer = api.http.post("/api/customers", body, "application/json", headers=api._headers())
        assert set(wrong(answer)) == {"name"}


def token(**claims: object) -> str:
    made = AccessToken()
    made.payload.update(user_id="u", username="u", is_superuser=True)
    made.payload.update(claims)
    return str(made)


class TestNotAuthenticated:
    @pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Bearer a b", "Basic dTpw"])
    @pytest.mark.parametrize("path", QUERIES)
    def test_needs_a_token(self, client: Client, path: str, header: str | None):
        headers = {} if header is None else {"Authorization": header}
        answer = client.get(path, headers=headers)
        assert_problem(answer, 401, "not_authenticated")
        assert answer["WWW-Authenticate"].startswith("Bearer")

    @pytest.mark.parametrize("name", COMMANDS)
    def test_needs_a_token_for_every_command(self, client: Client, name: str):
        method, path = COMMANDS[name]
        with nothing_written():
            answer = getattr(client, method)(path, {}, "application/json")
        assert_problem(answer, 401, "not_authenticated")

    @pytest.mark.parametrize("kind", ["expired", "forged", "refresh"])
    def test_refuses_a_token_that_is_none(self, client: Client, kind: str):
        expired = AccessToken()
        expired.set_exp(lifetime=timedelta(seconds=-1))
        given = {
            "expired": str(expired),
            "forged": token()[:-3] + "AAA",
            "refresh": str(RefreshToken()),
        }
        answer = client.get("/api/orders", headers={"Authorization": f"Bearer {given[kind]}"})
        assert_problem(answer, 401, "not_authenticated")

    def test_refuses_a_wrong_password_and_says_no_more(self, client: Client):
        body = {"username": "nobody", "password": "wrong"}
        answer = client.post("/api/auth/token", body, "application/json")
        assert_problem(answer, 401, "not_authenticated")

    def test_reads_no_database_to_check_a_token(self, api: Api, django_assert_num_queries):
        with django_assert_num_queries(0, using="default"):
            assert api.get("/api/orders").status_code == 200


class TestPermissions:
    @pytest.mark.parametrize("user", MAY)
    @pytest.mark.parametrize("name", COMMANDS)
    def test_lets_each_role_send_its_commands_and_no_others(self, api: Api, user: str, name: str):
        api.user = user
        method, path = COMMANDS[name]
        answer = getattr(api, method)(path, {})
        if name in MAY[user]:
            assert answer.status_code in (200, 400, 404)
        else:
            assert_problem(answer, 403, "permission_denied")

    @pytest.mark.parametrize("user", MAY)
    @pytest.mark.parametrize("path", QUERIES)
    def test_lets_each_role_read(self, api: Api, user: str, path: str):
        api.user = user
        assert api.get(path).status_code in (200, 404)

    def test_refuses_a_user_without_a_role(self, client: Client):
        headers = {"Authorization": f"Bearer {token(is_superuser=False)}"}
        assert_problem(client.get("/api/orders", headers=headers), 403, "permission_denied")

    def test_comes_before_the_look_at_the_input(self, api: Api):
        """Nobody learns of the rules for what they may not do."""
        api.user = "viewer"
        assert_problem(api.post("/api/orders", {"wrong": 1}), 403, "permission_denied")


class TestNotFound:
    @pytest.mark.parametrize(
        "name", [name for name in COMMANDS if "/api/orders/" in COMMANDS[name][1]]
    )
    def test_says_so_of_an_unknown_order(self, api: Api, name: str):
        with nothing_written():
            answer = api.post(COMMANDS[name][1])
        assert NOBODY in assert_problem(answer, 404, "not_found")["detail"]

    def test_says_so_of_an_unknown_customer(self, api: Api):
        path = f"/api/customers/{NOBODY}"
        for answer in (
            api.patch(path, {"name": "Bea"}),
            api.post(f"{path}/deactivate"),
            api.get(path),
            api.post("/api/orders", content(NOBODY)),
        ):
            assert NOBODY in assert_problem(answer, 404, "not_found")["detail"]

    @pytest.mark.parametrize("path", [
        "/api/orders/7", "/api/orders/x", "/api/customers/7", "/api/customers/7/orders",
        "/api/orders/", "/api/nothing", "/api", "/nothing", f"/api/orders/{NOBODY}/nothing",
        f"/api/orders/{{{NOBODY}}}", f"/api/orders/{NOBODY.replace('-', '')}",
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
            ("put", f"/api/orders/{NOBODY}", {"GET"}),
            ("delete", f"/api/customers/{NOBODY}", {"GET", "PATCH"}),
            ("get", f"/api/orders/{NOBODY}/confirm", {"POST"}),
            ("post", f"/api/products/{NOBODY}/stock", {"PUT"}),
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
