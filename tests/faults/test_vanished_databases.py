"""The machine of a database vanishes: packets are dropped, and no connection is closed."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from urllib.parse import urlsplit

import httpx
import pytest

from cqrs.messaging.ids import uuid7
from tests.faults.slowness import Timed, at_once, codes, meanwhile, timed
from tests.support.desk import Desk, order_body, registered, served_desk, wait_for
from tests.support.sides import assert_agree, is_level
from tests.support.tcp_proxy import Proxy, proxied
from tests.support.templates import served_postgres

SOME = 4  # of 8 threads
LOST_S, CONNECT_S, SLACK_S = 5.0, 3.0, 5.0
AT_ONCE_S = 2.0  # on a busy machine; to connect, or to wait for the wire, takes longer


class FarDesk:
    """A desk that reaches its databases through wires of the test."""

    def __init__(self, stack: ExitStack) -> None:
        self.write, self.read = [stack.enter_context(served_postgres()) for _ in range(2)]
        self.to_write, write_url = self._wire(stack, self.write.urls["default"])
        self.to_read, read_url = self._wire(stack, self.read.urls["replica"])
        self.desk = stack.enter_context(
            served_desk(DATABASE_URL=write_url, REPLICA_DATABASE_URL=read_url)
        )

    @staticmethod
    def _wire(stack: ExitStack, url: str) -> tuple[Proxy, str]:
        port = urlsplit(url).port
        assert port is not None
        proxy, listens_on = stack.enter_context(proxied("127.0.0.1", port))
        return proxy, url.replace(f":{port}/", f":{listens_on}/")


@pytest.fixture(scope="module")
def far() -> Iterator[FarDesk]:
    with ExitStack() as stack:
        found = FarDesk(stack)
        found.desk.start()
        yield found


@pytest.fixture
def api(far: FarDesk) -> Iterator[httpx.Client]:
    with far.desk.client() as client:
        yield client


def longest(found: list[Timed]) -> float:
    return max(each.seconds for each in found)


def direct(far: FarDesk) -> Desk:
    """Return the desk as a test sees it that connects to the servers themselves."""
    urls = {
        "DATABASE_URL": far.write.urls["default"],
        "REPLICA_DATABASE_URL": far.read.urls["replica"],
    }
    return Desk(far.desk.folder, **urls)


class TestVanishedWriteDatabase:
    def test_is_given_up_within_five_seconds(self, far: FarDesk, api: httpx.Client):
        customer = registered(api, f"{uuid7()}@example.com")
        wait_for(lambda: is_level(direct(far)))
        write = partial(api.post, "/api/orders", json=order_body(customer))
        assert codes(at_once(*[write] * SOME)) == {(201, "")}
        wait_for(lambda: is_level(direct(far)))
        far.to_write.vanish()
        with meanwhile(*[write] * SOME) as written:
            reads = [timed(partial(api.get, f"/api/customers/{customer}")) for _ in range(20)]
        assert codes(reads) == {(200, "")}
        assert longest(reads) < AT_ONCE_S
        assert codes(written) <= {(503, "write_side_unavailable"), (503, "outcome_unknown")}
        assert longest(written) < LOST_S + SLACK_S
        at_once(*[write] * 8)  # every thread loses the connection that it has
        later = at_once(*[write] * SOME)
        assert codes(later) == {(503, "write_side_unavailable")}
        assert sum(each.seconds < AT_ONCE_S for each in later) >= SOME - 1, later
        assert longest(later) < CONNECT_S + SLACK_S
        far.to_write.return_()
        wait_for(lambda: write().status_code == 201)
        wait_for(lambda: is_level(direct(far)))
        assert_agree(direct(far))


class TestVanishedReadDatabase:
    def test_is_given_up_within_five_seconds(self, far: FarDesk, api: httpx.Client):
        customer = registered(api, f"{uuid7()}@example.com")
        wait_for(lambda: is_level(direct(far)))
        read = partial(api.get, f"/api/customers/{customer}")
        assert codes(at_once(*[read] * SOME)) == {(200, "")}
        far.to_read.vanish()
        write = partial(api.post, "/api/orders", json=order_body(customer))
        with meanwhile(*[read] * SOME) as reads:
            writes = [timed(write) for _ in range(20)]
        assert codes(writes) == {(201, "")}
        assert longest(writes) < AT_ONCE_S
        assert codes(reads) == {(503, "read_side_unavailable")}
        assert longest(reads) < LOST_S + SLACK_S
        at_once(*[read] * 8)
        later = at_once(*[read] * SOME)
        assert codes(later) == {(503, "read_side_unavailable")}
        assert sum(each.seconds < AT_ONCE_S for each in later) >= SOME - 1, later
        far.to_read.return_()
        wait_for(lambda: read().status_code == 200)
        wait_for(lambda: is_level(direct(far)))
        assert_agree(direct(far))
