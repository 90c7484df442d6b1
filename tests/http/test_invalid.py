"""Invalid input is refused with every wrong field."""

import pytest

from tests.http.api import Api, assert_problem, wrong
from tests.support import scenarios
from tests.support.scenarios import content, line, nothing_written

pytestmark = pytest.mark.django_db(databases=["default", "replica"])
NO_OBJECTS = ["{", "", "[]", '"x"', "null", "NaN", '{"name": NaN}', "[" * 9999]


class TestInvalid:
    @pytest.mark.parametrize("body", NO_OBJECTS)
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
