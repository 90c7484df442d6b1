"""Read your own writes over HTTP: reads with a token, writes that prefer to wait."""

import time
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cqrs.projections.registry import runner
from readmodels.projections import PROJECTIONS
from tests.support.api import bearer
from tests.support.log import Log
from tests.support.scenarios import content, customer
from tests.support.waiting import BOTH, HEADER, once_one_waits, token


@pytest.mark.django_db(transaction=True, databases=BOTH)
class TestHttp:
    def test_a_client_reads_what_it_wrote(self, client: Client) -> None:
        headers = bearer("ada")
        buyer = customer()
        placed = client.post("/api/orders", content(buyer), "application/json", headers=headers)
        done = once_one_waits(Log().projected)
        path = placed["Location"]
        answer = client.get(path, headers={**headers, HEADER: placed[HEADER], "Prefer": "wait=10"})
        assert (answer.status_code, answer.json()["id"]) == (200, placed.json()["id"])
        done.result(5)

    def test_a_read_that_is_behind_is_503_with_retry_after(self, client: Client) -> None:
        headers = {**bearer("ada"), HEADER: token("customer", customer()), "Prefer": "wait=0"}
        answer = client.get("/api/customers", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "read_side_behind")
        assert int(answer["Retry-After"]) >= 1

    @pytest.mark.parametrize("text", ["", "x", "b3JkZXI6eDox"])
    def test_an_unreadable_token_is_400(self, client: Client, text: str) -> None:
        answer = client.get("/api/products", headers={**bearer("ada"), HEADER: text})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_token")


@pytest.mark.django_db(transaction=True, databases=BOTH)
class TestPreferWait:
    PATHS = (
        ("post", "/api/customers", {"name": "Ada", "email": "ada@example.com"}),
        ("put", "/api/products/018f0000-0000-7000-8000-000000000001/stock", {"on_hand": 3}),
    )

    def send(self, client: Client, number: int, **headers: str) -> Any:
        verb, path, body = self.PATHS[number]
        return getattr(client, verb)(
            path, body, "application/json", headers={**bearer("ada"), **headers}
        )

    @pytest.mark.parametrize("number", [0, 1])
    def test_is_applied_when_every_projection_has_caught_up(
        self, client: Client, number: int
    ) -> None:
        done = once_one_waits(Log().projected)
        answer = self.send(client, number, Prefer="wait=10")
        assert answer["Preference-Applied"] == "wait=10"
        assert answer.status_code in (200, 201)
        for projection in PROJECTIONS:
            assert max(runner.positions(projection)) == 1
        done.result(5)

    @pytest.mark.parametrize("missing", PROJECTIONS, ids=lambda each: each.name)
    def test_is_not_applied_while_one_is_behind(self, client: Client, missing: Any) -> None:
        def all_but_one() -> None:
            Log().sequenced()
            for projection in PROJECTIONS:
                if projection is not missing:
                    runner.drain(projection)

        done = once_one_waits(all_but_one)
        started = time.monotonic()
        answer = self.send(client, 0, Prefer="wait=1")
        assert time.monotonic() - started >= 1
        assert answer.status_code == 201
        assert answer[HEADER]
        assert "Preference-Applied" not in answer
        done.result(5)

    def test_waits_thirty_seconds_at_most(self, client: Client) -> None:
        done = once_one_waits(Log().projected)
        assert self.send(client, 0, Prefer="wait=999")["Preference-Applied"] == "wait=30"
        done.result(30)

    def test_does_not_wait_unasked(self, client: Client) -> None:
        with CaptureQueriesContext(connections["replica"]) as looks:
            assert "Preference-Applied" not in self.send(client, 0)
        assert looks.captured_queries == []

    def test_a_refusal_does_not_wait(self, client: Client) -> None:
        self.send(client, 0)
        with CaptureQueriesContext(connections["replica"]) as looks:
            assert self.send(client, 0, Prefer="wait=20").status_code == 409
        assert looks.captured_queries == []

    def test_a_dead_read_side_cannot_fail_a_write(self, client: Client, monkeypatch: Any) -> None:
        connections["replica"].close()
        with monkeypatch.context() as patch:
            patch.setitem(connections["replica"].settings_dict, "PORT", "1")
            answer = self.send(client, 0, Prefer="wait=5")
        assert answer.status_code == 201
        assert "Preference-Applied" not in answer
