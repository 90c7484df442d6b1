"""A stored answer of a build whose states had other fields."""

from typing import Any

import orjson
import pytest
from django.db import connection
from django.test import Client

from tests.support.api import bearer
from tests.support.scenarios import content, customer, line, nothing_written, product

pytestmark = pytest.mark.django_db(databases=["default", "replica"])

SAID = ("Location", "ETag", "X-Consistency-Token", "Content-Type")


def post(client: Client, path: str, body: Any) -> Any:
    headers = {**bearer("clerk"), "Idempotency-Key": "k-1"}
    return client.post(path, body, "application/json", headers=headers)


def stored_with(change: str) -> None:
    """Change the stored answers: `answer` is the name of the column."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE cqrs_idempotency SET answer = {change}")


def replayed(client: Client, change: str) -> tuple[Any, Any]:
    """Return the first answer, and the one after the stored one was changed."""
    payload = content(customer())
    first = post(client, "/api/orders", payload)
    assert first.status_code == 201
    stored_with(change)
    with nothing_written():
        again = post(client, "/api/orders", payload)
    assert again["Idempotency-Replayed"] == "true"
    assert [again.get(name) for name in SAID] == [first.get(name) for name in SAID]
    return first, again


class TestStoredAnswerOfAnotherBuild:
    @pytest.mark.parametrize(
        "value", ['"gold"', "7", '{"rank": [1, null]}'], ids=["text", "number", "object"]
    )
    def test_keeps_a_field_that_this_build_lacks(self, client: Client, value: str) -> None:
        first, again = replayed(client, f"jsonb_set(answer, '{{ok,loyalty}}', '{value}')")
        assert again.status_code == 201
        assert again.json() == {**first.json(), "loyalty": orjson.loads(value)}

    @pytest.mark.parametrize("field", ["shipping_address", "carrier", "total_amount"])
    def test_lacks_a_field_that_only_this_build_has(self, client: Client, field: str) -> None:
        first, again = replayed(client, f"answer #- '{{ok,{field}}}'")
        assert again.status_code == 201
        assert again.json() == {name: first.json()[name] for name in first.json() if name != field}

    def test_keeps_a_field_of_another_type(self, client: Client) -> None:
        first, again = replayed(client, """jsonb_set(answer, '{ok,items}', '"two"')""")
        assert again.json() == {**first.json(), "items": "two"}

    def test_keeps_a_refusal_whose_errors_say_more(self, client: Client) -> None:
        payload = content(customer(), line(product(1), 2))
        first = post(client, "/api/orders", payload)
        assert (first.status_code, first.json()["code"]) == (409, "out_of_stock")
        stored_with("""jsonb_set(answer, '{errors}', '[["items", "x", "No", "more"]]')""")
        again = post(client, "/api/orders", payload)
        error = {"field": "items", "code": "x", "message": "No"}
        assert again.status_code == 409
        trace_id = again.json()["trace_id"]
        assert again.json() == {**first.json(), "errors": [error], "trace_id": trace_id}
