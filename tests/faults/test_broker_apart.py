"""The cache and the broker are two servers: each may be lost without the other, under traffic."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import httpx
import pytest
import redis

from cqrs.messaging.ids import uuid7
from tests.faults.shipped_workers import ShippedWorkers
from tests.support.desk import FULL_COUNTS, Desk, order_body, registered, served_desk, wait_for
from tests.support.redis_faults import full, hanging
from tests.support.servers import PrivateRedis, private_redis
from tests.support.sides import assert_agree, is_level
from tests.support.templates import served_postgres

FAULT_S = 3.0 if FULL_COUNTS else 1.0
SLOW_S = 0.25  # a request that is slower has waited for a server that hangs
TOKEN = "X-Consistency-Token"
PATIENCE_S = 30  # a worker may be started again meanwhile

pytestmark = pytest.mark.timeout(300)


@dataclass
class ApartDesk:
    desk: Desk
    servers: dict[str, PrivateRedis]


@pytest.fixture(scope="module")
def apart() -> Iterator[ApartDesk]:
    with ExitStack() as stack:
        postgres = stack.enter_context(served_postgres())
        cache, broker = [stack.enter_context(private_redis()) for _ in range(2)]
        desk = stack.enter_context(
            served_desk(
                **postgres.variables,
                REDIS_URL=cache.url,
                CELERY_BROKER_URL=broker.url,
                THROTTLE_READ="600000/min",
                THROTTLE_WRITE="600000/min",
            )
        )
        desk.start(WORKER="0")
        # A worker can end by itself when its broker is lost: what is shipped starts it again.
        workers = ShippedWorkers(desk)
        stack.callback(workers.kill)
        yield ApartDesk(desk, {"cache": cache, "broker": broker})


@contextmanager
def killed(server: PrivateRedis) -> Iterator[None]:
    server.kill()
    try:
        yield
    finally:
        server.start()


@contextmanager
def flushed(server: PrivateRedis) -> Iterator[None]:
    with redis.Redis.from_url(server.url) as client:
        client.flushall()
        yield
        client.flushall()


@dataclass
class Traffic:
    """Clients that place and read orders until the end of the block; each answer must be right."""

    desk: Desk
    seconds: list[float] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)
    stop: Event = field(default_factory=Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [Thread(target=self._run, args=(act,)) for act in (self._write, self._read) * 2]
        for each in threads:
            each.start()
        try:
            yield
        finally:
            self.stop.set()
            for each in threads:
                each.join()

    def _run(self, act: Any) -> None:
        try:
            with self.desk.client() as client:
                act(client)
        except BaseException as error:  # noqa: BLE001  shown at the end
            self.errors.append(error)

    def _write(self, client: httpx.Client) -> None:
        buyer = registered(client, f"{uuid7()}@example.com")
        while not self.stop.is_set():
            self._timed(client, "POST", "/api/orders", 201, json=order_body(buyer))

    def _read(self, client: httpx.Client) -> None:
        while not self.stop.is_set():
            self._timed(client, "GET", "/api/orders", 200)

    def _timed(
        self, client: httpx.Client, method: str, path: str, status: int, **more: Any
    ) -> None:
        started = time.monotonic()
        answer = client.request(method, path, **more)
        self.seconds.append(time.monotonic() - started)
        assert answer.status_code == status, answer.text


def visible_within(desk: Desk, seconds: int) -> bool:
    """Place an order and read it with its token."""
    with desk.client() as client:
        buyer = registered(client, f"{uuid7()}@example.com")
        placed = client.post("/api/orders", json=order_body(buyer))
        headers = {TOKEN: placed.headers[TOKEN], "Prefer": f"wait={seconds}"}
        return client.get(placed.headers["Location"], headers=headers).status_code == 200


class TestLostServer:
    @pytest.mark.parametrize("lost", ["cache", "broker"])
    @pytest.mark.parametrize("fault", [hanging, killed, full, flushed])
    def test_delays_few_requests_and_fails_none(
        self, apart: ApartDesk, lost: str, fault: Any
    ) -> None:
        desk, traffic = apart.desk, Traffic(apart.desk)
        wait_for(lambda: is_level(desk))
        ended: AbstractContextManager[None] = fault(apart.servers[lost])
        with traffic.running(), ended:
            time.sleep(FAULT_S)
            if lost == "cache":
                assert visible_within(desk, PATIENCE_S), (
                    "a dead cache must not stop the projections"
                )
        assert traffic.errors == []
        slow = [each for each in traffic.seconds if each > SLOW_S]
        wait_for(lambda: is_level(desk))
        assert visible_within(desk, PATIENCE_S)
        assert_agree(desk)
        few = max(8, len(traffic.seconds) // 20)
        assert len(slow) <= few, (len(slow), len(traffic.seconds), max(traffic.seconds))
