"""Several Celery workers on four partitions: no client reads less than what it wrote."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg
import pytest

from cqrs.database.locks import LockSpace, lock_key
from cqrs.messaging.ids import uuid7
from tests.faults.celery_worker import REACTIONS, TWO_PROCESSES, CeleryWorker
from tests.faults.conftest import OutageDesk
from tests.support.desk import FULL_COUNTS, Desk, order_body, registered, wait_for
from tests.support.sides import assert_agree, is_level

CLIENTS = 6
ROUNDS = 50 if FULL_COUNTS else 3
KILLS = 10 if FULL_COUNTS else 1
TOKEN = "X-Consistency-Token"
POISON = "Mr Poison"
REBUILT = ("orders", "customers")

pytestmark = pytest.mark.timeout(900 if FULL_COUNTS else 300)


@pytest.fixture(scope="module")
def any_desk(any_outage_desk: OutageDesk) -> Desk:
    """Serve without workers of its own; all clients may wait at the same time."""
    any_outage_desk.heal(WORKER="0", WEB_THREADS="16")
    return any_outage_desk.desk


@pytest.fixture(scope="module")
def workers(any_desk: Desk) -> Iterator[list[CeleryWorker]]:
    found = [CeleryWorker(any_desk, number, *TWO_PROCESSES) for number in range(2)]
    found.append(CeleryWorker(any_desk, 2, *REACTIONS))
    yield found
    for worker in found:
        worker.kill()


@pytest.fixture
def desk(any_desk: Desk, workers: list[CeleryWorker]) -> Desk:
    wait_for(lambda: is_level(any_desk))
    return any_desk


@pytest.fixture
def api(desk: Desk) -> Iterator[httpx.Client]:
    with desk.client() as client:
        yield client


def read(api: httpx.Client, path: str, written: httpx.Response, wait_s: int = 20) -> Any:
    headers = {TOKEN: written.headers[TOKEN], "Prefer": f"wait={wait_s}"}
    answer = api.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def reads_what_it_writes(api: httpx.Client) -> None:
    """Write and read at once what every projection makes of it."""
    buyer = registered(api, f"{uuid7()}@example.com")
    for number in range(1, ROUNDS + 1):
        placed = api.post("/api/orders", json=order_body(buyer))
        key = placed.json()["id"]
        assert read(api, f"/api/orders/{key}", placed)["status"] == "pending"
        assert read(api, f"/api/customers/{buyer}/orders", placed)["count"] == number
        assert read(api, f"/api/customers/{buyer}", placed)["order_count"] == number

        confirmed = api.post(f"/api/orders/{key}/confirm")
        assert read(api, f"/api/orders/{key}", confirmed)["status"] == "confirmed"
        assert read(api, "/api/orders?page_size=100", confirmed)["results"]

        renamed = api.patch(f"/api/customers/{buyer}", json={"name": f"Ada {number}"})
        assert read(api, f"/api/customers/{buyer}", renamed)["name"] == f"Ada {number}"
        page = read(api, f"/api/customers/{buyer}/orders", renamed)["results"]
        assert {order["customer_name"] for order in page} == {f"Ada {number}"}


class TestReadYourOwnWrites:
    def test_is_never_stale(self, desk: Desk) -> None:
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [desk.client() for _ in range(CLIENTS)]
            reading = [pool.submit(reads_what_it_writes, client) for client in clients]
            for how in ([], ["--rollback"], ["--discard"]):  # tables are swapped meanwhile, too
                code, said, failed = desk.run("projections", "rebuild", *REBUILT, *how)
                assert code == 0, said + failed
            for each in reading:
                each.result()
        wait_for(lambda: is_level(desk))
        assert_agree(desk)

    def test_is_refused_at_once_when_the_write_was_parked(
        self, desk: Desk, api: httpx.Client
    ) -> None:
        constraint = f"CHECK (customer_name <> '{POISON}')"
        desk.execute("replica", f"ALTER TABLE read_orders ADD CONSTRAINT poison {constraint}")
        try:
            body = {"name": POISON, "email": f"{uuid7()}@example.com"}
            buyer = api.post("/api/customers", json=body).json()["id"]
            placed = api.post("/api/orders", json=order_body(buyer))
            path = placed.headers["Location"]
            parked = "SELECT consumer FROM cqrs_projections_parkedevent WHERE stream_id = %s"
            wait_for(lambda: desk.sql("replica", parked, placed.json()["id"]))
            started = time.monotonic()
            headers = {TOKEN: placed.headers[TOKEN], "Prefer": "wait=20"}
            answer = api.get(path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (503, "read_side_parked")
            assert time.monotonic() - started < 20
        finally:
            desk.execute("replica", "ALTER TABLE read_orders DROP CONSTRAINT poison")
        # The sweep tries again by itself, and the same token is good then.
        wait_for(lambda: not desk.sql("replica", parked, placed.json()["id"]))
        assert read(api, path, placed)["customer_name"] == POISON
        assert_agree(desk)


class TestKilledWorker:
    def test_in_its_batch_leaves_nothing_undone_and_nothing_doubled(
        self, desk: Desk, workers: list[CeleryWorker], api: httpx.Client
    ) -> None:
        """Each batch takes longer, so that the kill meets one that has written already."""
        buyer = registered(api, f"{uuid7()}@example.com")
        desk.execute("replica", SLOW)
        try:
            for _ in range(KILLS):
                for _ in range(5):
                    placed = api.post("/api/orders", json=order_body(buyer))
                wait_for(lambda: desk.sql("replica", IN_A_SLOW_BATCH))
                workers[0].kill()
                workers[0] = CeleryWorker(desk, 0, *TWO_PROCESSES)
        finally:
            desk.execute("replica", "DROP FUNCTION slowly CASCADE")
        wait_for(lambda: is_level(desk))
        count = read(api, f"/api/customers/{buyer}", placed)["order_count"]
        assert count == 5 * KILLS
        assert_agree(desk)
        code, said, failed = desk.run("projections", "verify")
        assert code == 0, said + failed


SLOW = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$;
CREATE TRIGGER slowly AFTER INSERT OR UPDATE ON read_customers
FOR EACH STATEMENT EXECUTE FUNCTION slowly()
"""
IN_A_SLOW_BATCH = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


class TestSequencerAlarm:
    def test_rises_when_no_worker_sequences_though_the_projections_are_at_the_head(
        self, desk: Desk, api: httpx.Client
    ) -> None:
        with psycopg.connect(desk.database_url("default")) as sleeper:
            sleeper.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key(LockSpace.SEQUENCER)])
            registered(api, f"{uuid7()}@example.com")
            first, second = [status(desk) for _ in range(2)]
        assert first["sequencer"]["oldest_pending_seconds"] > 0
        grown = second["sequencer"]["oldest_pending_seconds"]
        assert grown > first["sequencer"]["oldest_pending_seconds"]
        assert "the sequencer lags" in second["complaint"]
        for each in second["projections"]:
            assert each["position"] == each["head"]
            assert each["lag_seconds"] >= first["sequencer"]["oldest_pending_seconds"]
        wait_for(lambda: desk.run("projections", "status", "--max-lag", "0")[0] == 0)


class TestWithoutWorkers:
    def test_is_refused_when_its_time_is_up(
        self, desk: Desk, workers: list[CeleryWorker], api: httpx.Client
    ) -> None:
        while workers:
            workers.pop().kill()
        buyer = registered(api, f"{uuid7()}@example.com")
        placed = api.post("/api/orders", json=order_body(buyer))
        headers = {TOKEN: placed.headers[TOKEN], "Prefer": "wait=1"}
        paths = (placed.headers["Location"], f"/api/customers/{buyer}", "/api/orders")
        for path in paths:
            started = time.monotonic()
            answer = api.get(path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (503, "read_side_behind")
            assert time.monotonic() - started >= 1


def status(desk: Desk) -> dict[str, Any]:
    """Return what `projections status` says, and what it complains of."""
    code, said, complaint = desk.run("projections", "status", "--json", "--max-lag", "0.1")
    assert code == 1
    return {**json.loads(said), "complaint": complaint}
