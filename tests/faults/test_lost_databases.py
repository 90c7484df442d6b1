"""Each side goes on without the other's database, and says what is missing."""

import httpx
import pytest

from cqrs.messaging.ids import uuid7
from tests.faults.conftest import OutageDesk
from tests.support.desk import PASSWORD, Desk, order_body, registered, wait_for
from tests.support.sides import assert_agree, is_level


@pytest.fixture
def api(desk: Desk):
    with desk.client() as client:
        yield client


def assert_problem(answer: httpx.Response, code: str) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert int(answer.headers["Retry-After"]) >= 1


def readiness(api: httpx.Client) -> tuple[int, str, dict[str, str]]:
    answer = api.get("/health/ready")
    return answer.status_code, answer.json()["status"], answer.json()["checks"]


class TestLostReadDatabase:
    def test_refuses_reads_and_goes_on_writing(
        self, outage: OutageDesk, desk: Desk, api: httpx.Client
    ):
        customer = registered(api, f"{uuid7()}@example.com")
        outage.read.kill()

        placed = api.post("/api/orders", json=order_body(customer))
        assert placed.status_code == 201, placed.text
        order = placed.json()["id"]
        assert api.post(f"/api/orders/{order}/confirm").status_code == 200
        one = f"/api/customers/{customer}"
        for path in (f"/api/orders/{order}", "/api/orders", "/api/customers", one, f"{one}/orders"):
            assert_problem(api.get(path), "read_side_unavailable")
        assert readiness(api) == (
            503,
            "unavailable",
            {"write_database": "up", "read_database": "down", "redis": "up"},
        )
        assert api.get("/health/live").status_code == 200

        outage.read.start()
        wait_for(lambda: is_level(desk))
        # The circuit breaker lets one request try again after a second.
        wait_for(lambda: api.get(f"/api/orders/{order}").status_code == 200)
        assert api.get(f"/api/orders/{order}").json()["status"] == "confirmed"
        assert api.get("/health/ready").status_code == 200
        assert_agree(desk)

    def test_does_not_spoil_the_answer_of_a_write_that_prefers_to_wait(
        self, outage: OutageDesk, api: httpx.Client
    ):
        customer = registered(api, f"{uuid7()}@example.com")
        outage.read.kill()
        placed = api.post("/api/orders", json=order_body(customer), headers={"Prefer": "wait=1"})
        assert placed.status_code == 201, placed.text
        assert "Preference-Applied" not in placed.headers


class TestLostWriteDatabase:
    def test_refuses_writes_and_goes_on_reading(
        self, outage: OutageDesk, desk: Desk, api: httpx.Client
    ):
        customer = registered(api, f"{uuid7()}@example.com")
        placed = api.post("/api/orders", json=order_body(customer))
        order = placed.json()["id"]
        wait_for(lambda: is_level(desk))
        outage.write.kill()

        token = {"X-Consistency-Token": placed.headers["X-Consistency-Token"]}
        for path in (f"/api/orders/{order}", "/api/orders", f"/api/customers/{customer}/orders"):
            assert api.get(path, headers=token).status_code == 200
        refused = [
            api.post("/api/orders", json=order_body(customer)),
            api.post(f"/api/orders/{order}/confirm"),
            api.patch(f"/api/customers/{customer}", json={"name": "Bea"}),
            api.put(f"/api/products/{uuid7()}/stock", json={"on_hand": 1}),
            api.post("/api/orders", json=order_body(customer), headers={"Idempotency-Key": "k"}),
        ]
        for answer in refused:
            assert_problem(answer, "write_side_unavailable")
        login = {"username": "admin", "password": PASSWORD}
        assert_problem(api.post("/api/auth/token", json=login), "write_side_unavailable")
        assert readiness(api) == (
            200,
            "degraded",
            {"write_database": "down", "read_database": "up", "redis": "up"},
        )

        outage.write.start()
        wait_for(lambda: api.post(f"/api/orders/{order}/confirm").status_code == 200)
        wait_for(lambda: is_level(desk))
        assert api.get(f"/api/customers/{customer}").json()["order_count"] == 1
        assert_agree(desk)

    def test_answers_wrong_input_as_ever(self, outage: OutageDesk, api: httpx.Client):
        outage.write.kill()
        answer = api.post("/api/customers", json={"name": "", "email": "nobody"})
        assert answer.status_code == 400
        assert [error["field"] for error in answer.json()["errors"]] == ["name", "email"]
