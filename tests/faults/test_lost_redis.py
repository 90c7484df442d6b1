"""Without Redis, which is the cache and the broker, writes and reads go on."""

import signal
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from celery import Celery
from celery.exceptions import OperationalError as BrokerError
from django.conf import settings

from cqrs.messaging.ids import uuid7
from tests.faults.conftest import OutageDesk
from tests.support.desk import Desk, order_body, registered, wait_for
from tests.support.sides import assert_agree, is_level

WRITES = 20
TIMEOUT_S = 1.0  # of most calls to Redis: without a breaker each request would wait as long


def place(client: httpx.Client, customer: str) -> list[float]:
    """Place orders; return how long each took, in seconds."""
    seconds = []
    for _ in range(WRITES):
        started = time.monotonic()
        answer = client.post("/api/orders", json=order_body(customer))
        seconds.append(time.monotonic() - started)
        assert answer.status_code == 201, answer.text
    return seconds


@contextmanager
def hanging(outage: OutageDesk) -> Iterator[None]:
    """Let Redis accept connections and answer nothing."""
    outage.redis.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        outage.redis.process.send_signal(signal.SIGCONT)


class TestKilledRedis:
    def test_fails_no_write_and_is_made_good_when_it_is_back(self, outage: OutageDesk, desk: Desk):
        with desk.client() as client:
            customer = registered(client, f"{uuid7()}@example.com")
            wait_for(lambda: is_level(desk))
            outage.redis.kill()
            place(client, customer)
            assert client.get("/api/orders").status_code == 200
            ready = client.get("/health/ready")
            assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
            assert ready.json()["checks"]["redis"] == "down"

            outage.redis.start()
            wait_for(lambda: is_level(desk))
            assert client.get(f"/api/customers/{customer}").json()["order_count"] == WRITES
        assert_agree(desk)

    def test_is_not_needed_to_project_by_hand(self, outage: OutageDesk, desk: Desk):
        with desk.client() as client:
            customer = registered(client, f"{uuid7()}@example.com")
            outage.redis.kill()
            place(client, customer)
        assert desk.run("projections", "run", "--until-caught-up")[0] == 0
        assert is_level(desk)
        assert_agree(desk)


class TestHangingRedis:
    def test_delays_fewer_than_half_of_the_writes(self, outage: OutageDesk, desk: Desk):
        with desk.client() as client:
            customer = registered(client, f"{uuid7()}@example.com")
            with hanging(outage):
                seconds = place(client, customer)
            assert statistics.median(seconds) < TIMEOUT_S
        wait_for(lambda: is_level(desk))

    def test_delays_fewer_than_half_of_the_reads(self, outage: OutageDesk, desk: Desk):
        with desk.client() as client, hanging(outage):
            seconds = []
            for _ in range(WRITES):
                started = time.monotonic()
                assert client.get("/api/orders").status_code == 200
                seconds.append(time.monotonic() - started)
        assert statistics.median(seconds) < TIMEOUT_S


class TestHangingBroker:
    def test_costs_a_wake_up_a_moment(self):
        """The worker's connections may wait for seconds; a publisher's must not."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            broker = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
            app = Celery("hanging", broker=broker, set_as_current=False)
            app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
            app.conf.task_publish_retry = settings.CELERY_TASK_PUBLISH_RETRY
            started = time.monotonic()
            with pytest.raises(BrokerError):
                app.send_task("project")
            assert time.monotonic() - started < 30  # with retries it would go on and on
