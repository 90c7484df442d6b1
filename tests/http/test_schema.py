"""The OpenAPI document: valid, complete, and true of what the API does."""

import re
from collections.abc import Iterator

import jsonschema_rs
import pytest
from django.db import connections
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from cqrs.messaging import bus
from customers.commands import ImportCustomer
from orders.commands import ImportOrder

UNLISTED = {"/api/schema", "/api/docs"}
NOT_OFFERED = {ImportCustomer, ImportOrder}
FILES = {"ExportOrders"}
LOGINS = {"ObtainToken", "RefreshToken"}


@pytest.fixture(scope="module")
def schema() -> dict:
    return SchemaGenerator().get_schema(public=True)


def operations(schema: dict) -> Iterator[tuple[str, str, dict]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def addresses(patterns: list, prefix: str = "/") -> Iterator[str]:
    """Return every address below /api as OpenAPI writes it."""
    for entry in patterns:
        path = re.sub(r"<(?:\w+:)?\w+>", "{id}", prefix + str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns, path)
        elif isinstance(entry, URLPattern) and path.startswith("/api/"):
            yield path


def components(schema: dict, part: object) -> set[str]:
    """Return the names of the components that the part refers to, and those of their parts."""
    found: set[str] = set()
    left = [part]
    while left:
        each = left.pop()
        if isinstance(each, list):
            left += each
        elif isinstance(each, dict):
            left += each.values()
            name = str(each.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                left.append(schema["components"]["schemas"][name])
    return found


class TestSchema:
    def test_is_valid_openapi_3_1(self, schema: dict):
        assert schema["openapi"] == "3.1.0"
        validate_schema(schema)
        for part in schema["components"]["schemas"].values():
            jsonschema_rs.meta.validate({"$schema": DRAFT, **part})

    def test_is_made_without_warnings(self):
        GENERATOR_STATS.reset()
        with GENERATOR_STATS.silence():
            SchemaGenerator().get_schema(public=True)
        assert not GENERATOR_STATS, [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]

    def test_lists_every_address(self, schema: dict):
        assert set(schema["paths"]) == set(addresses(get_resolver().url_patterns)) - UNLISTED

    def test_names_every_operation_after_its_message(self, schema: dict):
        names = {operation["operationId"] for _, _, operation in operations(schema)}
        offered = {message.__name__ for message in set(bus.handlers()) - NOT_OFFERED}
        assert names == offered | LOGINS

    def test_says_what_each_operation_is_for(self, schema: dict):
        for _, _, operation in operations(schema):
            assert operation["description"], operation["operationId"]

    def test_documents_errors_as_problems_and_answers_as_json(self, schema: dict):
        for _, _, operation in operations(schema):
            assert {"400", "401", "429", "503"} <= set(operation["responses"])
            assert ("408" in operation["responses"]) == ("requestBody" in operation)
            answer = "text/csv" if operation["operationId"] in FILES else "application/json"
            for status, response in operation["responses"].items():
                kind = answer if status < "400" else "application/problem+json"
                assert list(response.get("content", [])) == ([] if status == "304" else [kind])

    def test_leaves_out_what_only_the_server_sets(self, schema: dict):
        body = schema["components"]["schemas"]["CreateOrderRequest"]
        assert set(body["properties"]) == {
            "customer_id", "items", "shipping_address", "special_instructions", "currency",
        }  # fmt: skip
        assert body["required"] == ["customer_id", "items", "shipping_address"]
        assert body["additionalProperties"] is False

    def test_closes_requests_and_leaves_answers_open(self, schema: dict):
        asked: set[str] = set()
        answered: set[str] = set()
        for _, _, operation in operations(schema):
            asked |= components(schema, operation.get("requestBody"))
            answered |= components(schema, operation["responses"])
        parts = schema["components"]["schemas"]
        assert {
            name for name in asked if parts[name].get("additionalProperties") is not False
        } == set()
        assert {name for name in answered if "additionalProperties" in parts[name]} == set()
        assert asked | answered == set(parts)
        assert "clients ignore what they do not know" in schema["info"]["description"]

    def test_says_that_a_list_is_an_object(self, schema: dict):
        answer = schema["paths"]["/api/orders"]["get"]["responses"]["200"]
        page = {"$ref": "#/components/schemas/OrderPage"}
        assert answer["content"]["application/json"]["schema"] == page

    def test_lets_a_command_without_needed_fields_have_no_body(self, schema: dict):
        paths = schema["paths"]
        assert not paths["/api/orders/{id}/confirm"]["post"]["requestBody"].get("required")
        assert paths["/api/orders"]["post"]["requestBody"]["required"]
        assert paths["/api/customers/{id}"]["patch"]["requestBody"]["required"]

    def test_has_no_default_that_a_generated_client_would_send_beside_a_cursor(self, schema: dict):
        for _, _, operation in operations(schema):
            found = {each["name"]: each["schema"] for each in operation.get("parameters", ())}
            assert "default" not in found.get("page", {}), operation["operationId"]
            assert "default" not in found.get("cursor", {}), operation["operationId"]

    def test_names_the_headers_of_problems(self, schema: dict):
        for _, method, operation in operations(schema):
            headers = {
                status: set(response.get("headers", ()))
                for status, response in operation["responses"].items()
            }
            assert "WWW-Authenticate" in headers["401"]
            assert "Allow" in headers["405"]
            assert "Retry-After" in headers["429"] & headers["503"]
            if method != "get" and operation["operationId"] not in LOGINS:
                assert "Idempotency-Replayed" in headers["404"] & headers["409"] & headers["412"]

    def test_gives_patterns_to_what_is_refused_otherwise(self, schema: dict):
        get, post = (schema["paths"]["/api/orders"][method] for method in ("get", "post"))
        patterns = {
            each["name"]: each["schema"].get("pattern")
            for each in get["parameters"] + post["parameters"]
        }
        for name in ("cursor", "min_total", "X-Consistency-Token", "If-Match", "Idempotency-Key"):
            assert patterns[name], name
        login = schema["components"]["schemas"]["LoginRequest"]["properties"]
        assert all(part["minLength"] == 1 for part in login.values())
        [currency] = [each for each in get["parameters"] if each["name"] == "currency"]
        assert "" not in currency["schema"]["enum"]
        assert {"EUR", "HRK"} <= set(currency["schema"]["enum"])

    def test_is_answered_without_a_token_or_a_database(self, client: Client):
        connections.close_all()
        answer = client.get("/api/schema")  # this test may use no database: asking one raises
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("application/vnd.oai.openapi+json")


DRAFT = "https://json-schema.org/draft/2020-12/schema"
