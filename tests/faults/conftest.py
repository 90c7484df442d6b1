"""One desk on servers of its own, which tests take away from it and give back."""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from cqrs.messaging.ids import uuid7
from tests.support.desk import Desk, registered, served_desk, wait_for
from tests.support.servers import (
    PrivatePostgres,
    PrivateRedis,
    on_two_servers,
    private_redis,
)
from tests.support.sides import is_level
from tests.support.templates import served_postgres


class OutageDesk:
    """A desk whose two databases are in two servers, with Redis as cache and broker."""

    def __init__(
        self, desk: Desk, write: PrivatePostgres, read: PrivatePostgres, redis: PrivateRedis
    ) -> None:
        self.desk, self.write, self.read, self.redis = desk, write, read, redis

    def heal(self, **environment: str) -> None:
        """Bring everything back, whatever the last test took away; serve in this environment."""
        for hung in (self.write, self.read):
            hung.resume()
        for server in (self.write, self.read, self.redis):
            server.start()
        self.desk.start(**environment)
        with self.desk.client() as client:  # it tries a lost database again after a second
            unknown = f"/api/orders/{uuid7()}/confirm"
            wait_for(lambda: client.post(unknown).status_code == 404)


@pytest.fixture(scope="package")
def any_outage_desk() -> Iterator[OutageDesk]:
    with ExitStack() as stack:
        write, read = [stack.enter_context(served_postgres()) for _ in range(2)]
        redis = stack.enter_context(private_redis())
        desk = stack.enter_context(
            served_desk(
                **on_two_servers(write, read),
                REDIS_URL=redis.url,
                THROTTLE_READ="6000/min",
                THROTTLE_WRITE="6000/min",
            )
        )
        yield OutageDesk(desk, write, read, redis)


@pytest.fixture
def outage(any_outage_desk: OutageDesk) -> Iterator[OutageDesk]:
    any_outage_desk.heal()
    yield any_outage_desk
    for hung in (any_outage_desk.write, any_outage_desk.read):
        hung.resume()  # else it could not be stopped


@pytest.fixture
def desk(outage: OutageDesk) -> Desk:
    return outage.desk


@pytest.fixture
def api(desk: Desk) -> Iterator[httpx.Client]:
    with desk.client() as client:
        yield client


@pytest.fixture
def customer(desk: Desk, api: httpx.Client) -> str:
    """Return the id of a customer whom the read side knows."""
    found = registered(api, f"{uuid7()}@example.com")
    wait_for(lambda: is_level(desk))
    return found
