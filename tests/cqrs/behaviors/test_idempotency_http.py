"""What a client sees that repeats a request with its `Idempotency-Key`."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import Client

from cqrs.database.locks import LockSpace, try_lock
from cqrs.messaging.ids import uuid7
from orders.models import Order
from tests.support.api import bearer
from tests.support.scenarios import content, customer, line, nothing_written, order, product
from tests.support.threads import together

pytestmark = pytest.mark.django_db(databases=["default", "replica"])

ADA = {"name": "Ada", "email": "ada@example.com"}
SAID = ("Location", "ETag", "X-Consistency-Token", "Content-Type")


@dataclass
class Shop:
    """A client that names its requests."""

    http: Client
    user: str = "clerk"

    def post(self, path: str, body: Any, key: str = "k-1", **headers: str) -> Any:
        named = {**bearer(self.user), "Idempotency-Key": key, **headers}
        return self.http.post(path, body, "application/json", headers=named)


@pytest.fixture
def shop(client: Client) -> Shop:
    return Shop(client)


def said(answer: Any) -> tuple[Any, ...]:
    """Return what is repeated: all but the trace id of a problem, which each request has."""
    content = re.sub(rb',"trace_id":"[0-9a-f]{32}"', b"", answer.content)
    return answer.status_code, content, [answer.get(name) for name in SAID]


class TestReplay:
    def test_repeats_a_creation_to_the_letter(self, shop: Shop):
        first = shop.post("/api/customers", ADA)
        assert first.status_code == 201
        assert all(first.get(name) for name in SAID)
        assert "Idempotency-Replayed" not in first
        with nothing_written():
            again = shop.post("/api/customers", ADA)
        assert said(again) == said(first)
        assert again["Idempotency-Replayed"] == "true"

    def test_repeats_an_order_to_the_letter(self, shop: Shop):
        prices = [line(unit_price=price) for price in ("0.125", "7", "1000000.0001")]
        payload = content(customer(), *prices, special_instructions="Zo\u00eb")
        first = shop.post("/api/orders", payload)
        assert first.status_code == 201
        assert said(shop.post("/api/orders", payload)) == said(first)

    def test_repeats_a_refusal(self, shop: Shop):
        payload = content(customer(), line(product(1), 2))
        first = shop.post("/api/orders", payload)
        assert (first.status_code, first.json()["code"]) == (409, "out_of_stock")
        again = shop.post("/api/orders", payload)
        assert said(again) == said(first)
        assert again["Idempotency-Replayed"] == "true"

    @pytest.mark.parametrize(("tag", "status"), [('"1"', 200), ('"7"', 412)])
    def test_repeats_what_if_match_led_to(self, shop: Shop, tag: str, status: int):
        path = f"/api/orders/{order()}/confirm"
        first = shop.post(path, {}, **{"If-Match": tag})
        assert first.status_code == status
        assert said(shop.post(path, {}, **{"If-Match": tag})) == said(first)

    def test_reads_the_same_from_another_spelling_of_the_same_message(self, shop: Shop):
        payload = content(customer(), line(unit_price="10.00"))
        first = shop.post("/api/orders", payload)
        upper = {**payload, "customer_id": payload["customer_id"].upper()}
        assert said(shop.post("/api/orders", upper)) == said(first)


class TestRefusal:
    def test_another_body_is_422(self, shop: Shop):
        shop.post("/api/customers", ADA)
        answer = shop.post("/api/customers", {**ADA, "name": "Bo"})
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert "Idempotency-Replayed" not in answer

    def test_another_target_and_another_if_match_are_422(self, shop: Shop):
        first, second = order(), order()
        shop.post(f"/api/orders/{first}/confirm", {})
        assert shop.post(f"/api/orders/{second}/confirm", {}).status_code == 422
        moved = shop.post(f"/api/orders/{first}/confirm", {}, **{"If-Match": '"1"'})
        assert moved.status_code == 422

    @pytest.mark.parametrize("key", ["", " ", "k" * 256, "k\u00e9"])
    def test_a_key_that_is_none_is_400(self, shop: Shop, key: str):
        answer = shop.post("/api/customers", ADA, key=key)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
        assert answer.json()["errors"][0]["field"] == "Idempotency-Key"

    def test_a_longest_key_works(self, shop: Shop):
        key = "k" * 255
        first = shop.post("/api/customers", ADA, key=key)
        assert said(shop.post("/api/customers", ADA, key=key)) == said(first)


class TestFreeKey:
    def test_users_do_not_share_keys(self, client: Client):
        first = Shop(client, "ada").post("/api/orders", payload := content(customer()))
        second = Shop(client, "bo").post("/api/orders", payload)
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json()["id"] != second.json()["id"]

    def test_400_and_404_of_the_address_leave_it_free(self, shop: Shop):
        assert shop.post("/api/customers", {"name": "Ada"}).status_code == 400
        assert shop.post("/api/customers", ADA).status_code == 201

    def test_403_leaves_it_free(self, client: Client):
        body = {**ADA}
        headers = {**bearer("ada", is_superuser=False), "Idempotency-Key": "k-1"}
        refused = client.post("/api/customers", body, "application/json", headers=headers)
        assert refused.status_code == 403
        assert Shop(client, "ada").post("/api/customers", body).status_code == 201


@pytest.mark.django_db(transaction=True, databases=["default", "replica"])
class TestInProgress:
    def test_is_409_while_another_connection_holds_the_key(self, shop: Shop):
        payload = content(customer())
        with transaction.atomic():
            assert try_lock(LockSpace.IDEMPOTENCY_KEY, "clerk", "CreateOrder", "k-1")
            [answer] = together(lambda: Shop(Client()).post("/api/orders", payload))
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")
        assert shop.post("/api/orders", payload).status_code == 201

    def test_eight_clients_at_once_place_one_order(self):
        payload = content(customer(), line(product(8), 1))
        answers = together(*[lambda: Shop(Client()).post("/api/orders", payload)] * 8)
        made = {answer.content for answer in answers if answer.status_code == 201}
        others = {answer.json()["code"] for answer in answers if answer.status_code != 201}
        assert len(made) == Order.objects.count() == 1
        assert others <= {"idempotency_in_progress"}
        connections.close_all()


def test_an_unused_key_says_nothing(shop: Shop):
    answer = shop.post(f"/api/orders/{uuid7()}/confirm", {})
    assert answer.status_code == 404
    assert "Idempotency-Replayed" not in answer
