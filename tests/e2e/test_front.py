"""Clients that are slow, or gone, against the served desk."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from cqrs.consistency.tokens import ConsistencyToken
from cqrs.messaging.ids import uuid7
from tests.faults.mixed_load import slow_readers
from tests.support.desk import Desk, order_body, registered, wait_for

WAITS = {"Prefer": "wait=20", "X-Consistency-Token": ConsistencyToken("order", uuid7(), 1).encode()}


@pytest.fixture
def api(desk: Desk) -> Iterator[httpx.Client]:
    with desk.client() as client:
        yield client


def leave_waiting(desk: Desk, api: httpx.Client, number: int) -> None:
    """Ask with a token that will not come, and leave before the answer."""
    with ExitStack() as stack:
        for _ in range(number):
            client = stack.enter_context(httpx.Client(base_url=desk.url, headers=api.headers))
            with pytest.raises(httpx.ReadTimeout):
                client.get("/api/orders", headers=WAITS, timeout=0.3)


class TestWaitingRead:
    def test_gives_its_seat_back_when_its_client_leaves(
        self, desk: Desk, api: httpx.Client
    ) -> None:
        leave_waiting(desk, api, 4)

        def has_waited() -> bool:
            started = time.monotonic()
            answer = api.get("/api/orders", headers={**WAITS, "Prefer": "wait=1"})
            assert answer.json()["code"] == "read_side_behind"
            return time.monotonic() - started >= 1  # without a seat it is refused at once

        wait_for(has_waited)


class TestExport:
    def test_goes_on_beside_clients_that_do_not_read_it(
        self, desk: Desk, api: httpx.Client
    ) -> None:
        with slow_readers(desk, 12):
            assert api.get("/api/orders", timeout=5).status_code == 200
            customer = registered(api, f"{uuid7()}@example.com")
            assert api.post("/api/orders", json=order_body(customer)).status_code == 201
            lines = wait_for(lambda: _export(api))
        assert lines > 300

    def test_has_a_length_and_a_name(self, api: httpx.Client) -> None:
        answer = api.get("/api/orders.csv")
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        assert answer.headers["Content-Disposition"] == 'attachment; filename="orders.csv"'


class TestChunkedBody:
    def test_is_read(self, api: httpx.Client) -> None:
        customer = registered(api, f"{uuid7()}@example.com")
        order = api.post("/api/orders", json=order_body(customer)).json()["id"]
        assert api.post(f"/api/orders/{order}/confirm").status_code == 200
        chunks = iter([b'{"carrier": "DHL", ', b'"tracking_number": "42"}'])
        kind = {"Content-Type": "application/json"}
        shipped = api.post(f"/api/orders/{order}/ship", content=chunks, headers=kind).json()
        assert (shipped["carrier"], shipped["tracking_number"]) == ("DHL", "42")


def _export(api: httpx.Client) -> int:
    """Return the number of lines, 0 when other exports hold the share."""
    answer = api.get("/api/orders.csv")
    return len(answer.text.splitlines()) if answer.status_code == 200 else 0
