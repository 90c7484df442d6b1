"""Web and workers drained and stopped by the runbook, in traffic: nothing is lost or doubled."""

import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import psycopg
import pytest

from cqrs.messaging.ids import uuid7
from tests.faults.shipped_workers import PROGRAMS, ShippedWorkers
from tests.runbooks.pages import blocks, managed
from tests.runbooks.web import begin, wait_until_ready
from tests.support.desk import STOP_S, Desk, order_body, registered, served_desk, wait_for
from tests.support.servers import private_redis
from tests.support.sides import assert_agree
from tests.support.templates import served_postgres

CATCH_UP, SEEN = blocks("drain-and-stop")
HELD = "SELECT FROM customers_customer WHERE id = %s FOR UPDATE"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"
COUNT = "SELECT order_count FROM read_customers WHERE id = %s"
CLIENTS = 3
LIMITS = {"LOCK_TIMEOUT_MS": "4000"}  # on a busy machine, the lock may be held for longer


@pytest.fixture
def desk() -> Iterator[Desk]:
    with ExitStack() as stack:
        variables = stack.enter_context(served_postgres()).variables
        redis = stack.enter_context(private_redis()).url
        desk = stack.enter_context(served_desk(**variables, **LIMITS, REDIS_URL=redis))
        begin(desk)
        yield desk


@pytest.fixture
def workers(desk: Desk) -> Iterator[ShippedWorkers]:
    workers = ShippedWorkers(desk)
    for program in PROGRAMS:
        workers.running(program)
    wait_until_ready(desk)
    yield workers
    workers.kill()


class Orders:
    """Clients that place one order after another, each with a key, until the web has stopped."""

    def __init__(self, desk: Desk, customer: str) -> None:
        self.desk, self.customer = desk, customer
        self.keys: list[str] = []
        self.placed: dict[str, str] = {}
        self._lock = threading.Lock()

    def place(self, client: httpx.Client, key: str) -> None:
        headers = {"Idempotency-Key": key}
        answer = client.post("/api/orders", json=order_body(self.customer), headers=headers)
        assert answer.status_code == 201, answer.text
        with self._lock:
            self.placed[key] = answer.json()["id"]

    def place_until_refused(self) -> None:
        with self.desk.client() as client:
            while True:
                key = uuid7().hex
                with self._lock:
                    self.keys.append(key)
                try:
                    self.place(client, key)
                except httpx.TransportError:
                    return

    def repeat(self) -> None:
        """Send what was not answered once more, with its key."""
        with self.desk.client() as client:
            for key in self.keys:
                if key not in self.placed:
                    self.place(client, key)


def is_refused(desk: Desk) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", desk.port)) != 0


class TestStopping:
    def test_answers_what_was_begun_and_loses_nothing(
        self, desk: Desk, workers: ShippedWorkers
    ) -> None:
        with desk.client() as client:
            held, customer = [registered(client, f"{uuid7()}@example.com") for _ in range(2)]
            orders = Orders(desk, customer)
            self.drain(desk, orders, client, held)
        begin(desk)
        wait_until_ready(desk)
        orders.repeat()
        assert desk.stop() == 0

        for command in managed(CATCH_UP) + managed(SEEN):
            code, said, complaint = desk.run(*command.split())
            assert code == 0, said + complaint
        workers.terminate()
        for program in PROGRAMS:
            assert f"stopped: {program} (exit status 0)" in workers.log.read_text()
        assert len(orders.keys) == len(set(orders.placed.values()))
        assert desk.sql("replica", COUNT, customer) == [(len(orders.keys),)]
        assert_agree(desk)

    def drain(self, desk: Desk, orders: Orders, client: httpx.Client, held: str) -> None:
        """Stop the web in traffic, while one command waits for a lock, which it then gets."""
        with ThreadPoolExecutor(CLIENTS + 1) as threads:
            placing = [threads.submit(orders.place_until_refused) for _ in range(CLIENTS)]
            wait_for(lambda: len(orders.placed) > CLIENTS)
            with psycopg.connect(desk.database_url("default")) as stranger:
                stranger.execute(HELD, [held])
                begun = threads.submit(client.post, "/api/orders", json=order_body(held))
                blocking = stranger.info.backend_pid
                wait_for(lambda: desk.sql("default", WAITING, blocking)[0][0])
                assert desk.process
                desk.process.send_signal(signal.SIGTERM)
                wait_for(lambda: is_refused(desk))
            assert begun.result().status_code == 201
            for each in placing:
                each.result()
        assert desk.process.wait(STOP_S) == 0
