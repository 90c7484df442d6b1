"""A full disk of either database: what clients see, and what the runbook's last step says then."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from cqrs.messaging.ids import uuid7
from tests.runbooks.pages import blocks, managed
from tests.runbooks.small_disk import full, on_a_small_disk
from tests.support.desk import FULL_COUNTS, Desk, order_body, registered, served_desk, wait_for
from tests.support.servers import PrivatePostgres, on_two_servers
from tests.support.sides import assert_agree, is_level

[SEEN] = blocks("free-a-full-disk")
LONG_TEXT = "x" * 2_000
FAILED = "SELECT count(*) FROM cqrs_reactionwork WHERE error <> ''"
PARKED = "SELECT count(*) FROM cqrs_projections_parkedevent"


class SmallDesk:
    """A desk whose two databases are on small disks of their own."""

    def __init__(self, desk: Desk, write: PrivatePostgres, read: PrivatePostgres) -> None:
        self.desk, self.write, self.read = desk, write, read

    def recover(self) -> None:
        """Wait until the read side is level, and until what reactions failed on is done."""
        for server in (self.write, self.read):
            server.start()  # if it has ended
        with self.desk.client() as client:  # it tries a lost database again after a second
            unknown = f"/api/orders/{uuid7()}/confirm"
            wait_for(lambda: client.post(unknown).status_code == 404)
        wait_for(lambda: is_level(self.desk))
        wait_for(lambda: self.desk.sql("default", FAILED) == [(0,)])

    def assert_seen(self) -> None:
        for command in managed(SEEN):
            code, said, complaint = self.desk.run(*command.split())
            assert code == 0, said + complaint
        assert_agree(self.desk)


@pytest.fixture(scope="module")
def small() -> Iterator[SmallDesk]:
    with ExitStack() as stack:
        write, read = [stack.enter_context(on_a_small_disk()) for _ in range(2)]
        desk = stack.enter_context(served_desk(**on_two_servers(write, read)))
        desk.start()
        yield SmallDesk(desk, write, read)


@pytest.fixture
def api(small: SmallDesk) -> Iterator[httpx.Client]:
    with small.desk.client() as client:
        yield client


def place(api: httpx.Client, customer: str, key: str) -> httpx.Response:
    body = order_body(customer, special_instructions=LONG_TEXT)
    return api.post("/api/orders", json=body, headers={"Idempotency-Key": key})


class TestFullDisk:
    @pytest.mark.parametrize("of_wal", [False, True] if FULL_COUNTS else [False])
    def test_of_the_write_database_refuses_commands_and_loses_none(
        self, small: SmallDesk, api: httpx.Client, of_wal: bool
    ) -> None:
        customer = registered(api, f"{uuid7()}@example.com")
        placed: list[Any] = []

        def refused() -> httpx.Response | None:
            answer = place(api, customer, f"{customer} {len(placed)}")
            if answer.status_code != 201:
                return answer
            placed.append(answer.json()["id"])
            return None

        with full(small.write, "default", of_wal=of_wal):
            refusal = wait_for(refused)
            assert (refusal.status_code, refusal.json()["code"]) == (503, "write_side_unavailable")
            assert int(refusal.headers["Retry-After"]) >= 1
            assert api.get("/api/orders").status_code == 200
        small.recover()
        answer = place(api, customer, f"{customer} {len(placed)}")
        assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (201, None)
        placed.append(answer.json()["id"])
        small.recover()
        small.assert_seen()
        assert api.get(f"/api/customers/{customer}").json()["order_count"] == len(placed)

    def test_of_the_read_database_stops_projections_and_parks_nothing(
        self, small: SmallDesk, api: httpx.Client
    ) -> None:
        customer = registered(api, f"{uuid7()}@example.com")
        wait_for(lambda: is_level(small.desk))
        placed: list[Any] = []
        before = len(small.desk.log)

        def is_blocked() -> bool:
            placed.append(place(api, customer, str(uuid7())).json()["id"])
            return "No space left on device" in small.desk.log[before:]

        with full(small.read, "replica"):
            wait_for(is_blocked)
            assert api.get(f"/api/customers/{customer}").status_code == 200
        small.recover()
        assert_agree(small.desk)
        assert small.desk.sql("replica", PARKED) == [(0,)]
        assert api.get(f"/api/customers/{customer}").json()["order_count"] == len(placed)
