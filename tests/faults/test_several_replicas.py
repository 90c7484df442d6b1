"""Reads spread over the read primary and a real standby, and get by without either of them."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from cqrs.messaging.ids import uuid7
from tests.support.desk import Desk, order_body, registered, served_desk, wait_for
from tests.support.servers import (
    PrivatePostgres,
    PrivateStandby,
    on_two_servers,
    private_standby,
)
from tests.support.sides import assert_agree, is_level
from tests.support.templates import served_postgres

MAX_AGE_S = 1
THREADS = 8
READS = 600
READER_SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'desk_reader'"
CAUGHT_UP = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"


class SpreadDesk:
    """A desk that reads from two hosts; where writes to the read side go, libpq finds out."""

    def __init__(self, write: PrivatePostgres, read: PrivatePostgres, standby: PrivateStandby):
        self.write, self.read, self.standby = write, read, standby

    def several(self, url: str) -> str:
        """Let the URL of the read primary name the standby first."""
        host = urlsplit(url).netloc.rpartition("@")[2]
        return url.replace(host, f"127.0.0.1:{self.standby.port},{host}")

    def on_standby(self, statement: str, *parameters: object) -> tuple:
        with psycopg.connect(self.standby.urls["replica"], autocommit=True) as connection:
            return connection.execute(statement, parameters or None).fetchone() or ()

    @contextmanager
    def lagging(self) -> Iterator[None]:
        """Let the standby receive changes and not apply them."""
        self.on_standby("SELECT pg_wal_replay_pause()")
        # The standby stops before its next record.
        wait_for(lambda: self.on_standby("SELECT pg_get_wal_replay_pause_state()") == ("paused",))
        try:
            yield
        finally:
            self.on_standby("SELECT pg_wal_replay_resume()")

    def sessions(self) -> list[int]:
        """Count the connections of the query side to primary and standby."""
        counts = []
        for server in (self.read, self.standby):
            with psycopg.connect(server.urls["replica"], autocommit=True) as connection:
                counts.append(connection.execute(READER_SESSIONS).fetchone()[0])
        return counts

    def catch_up(self) -> None:
        with psycopg.connect(self.read.urls["replica"]) as connection:
            (position,) = connection.execute("SELECT pg_current_wal_lsn()::text").fetchone()
        wait_for(lambda: self.on_standby(CAUGHT_UP, position) == (True,))


@pytest.fixture(scope="module")
def spread() -> Iterator[tuple[SpreadDesk, Desk]]:
    with ExitStack() as stack:
        write, read = [stack.enter_context(served_postgres()) for _ in range(2)]
        folder = Path(tempfile.mkdtemp(prefix="order-desk-"))
        standby = stack.enter_context(private_standby(folder, read))
        servers = SpreadDesk(write, read, standby)
        variables = on_two_servers(write, read)
        for name in ("REPLICA_DATABASE_URL", "REPLICA_WRITER_DATABASE_URL"):
            variables[name] = servers.several(variables[name])
        desk = stack.enter_context(
            served_desk(
                **variables,
                REPLICA_MAX_AGE_S=str(MAX_AGE_S),
                WEB_THREADS=str(THREADS),
            )
        )
        desk.start()
        yield servers, desk


@pytest.fixture
def servers(spread: tuple[SpreadDesk, Desk]) -> Iterator[SpreadDesk]:
    servers = spread[0]
    yield servers
    for server in (servers.write, servers.read, servers.standby):
        server.start()


@pytest.fixture
def desk(spread: tuple[SpreadDesk, Desk]) -> Desk:
    return spread[1]


@pytest.fixture
def api(desk: Desk) -> Iterator[httpx.Client]:
    with desk.client() as client:
        yield client


def read_for(api: httpx.Client, path: str, seconds: float, **headers: str) -> Counter[int]:
    """Read with all threads at once; return the status codes."""

    def read(_: int) -> Counter[int]:
        found: Counter[int] = Counter()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found[api.get(path, headers=headers).status_code] += 1
        return found

    with ThreadPoolExecutor(THREADS) as threads:
        return sum(threads.map(read, range(THREADS)), Counter())


@contextmanager
def reading(api: httpx.Client, path: str) -> Iterator[list[int]]:
    """Read with all threads until the block ends; yield the status codes so far."""
    codes: list[int] = []
    stop = Event()

    def read() -> None:
        while not stop.is_set():
            codes.append(api.get(path).status_code)

    with ThreadPoolExecutor(THREADS) as threads:
        futures = [threads.submit(read) for _ in range(THREADS)]
        try:
            yield codes
        finally:
            stop.set()
    for future in futures:
        future.result()


def asked_until(
    api: httpx.Client, path: str, codes: set[int], **headers: str
) -> list[httpx.Response]:
    """Ask until every one of the status codes was seen; the threads and their hosts take turns."""
    answers: list[httpx.Response] = []

    def seen() -> bool:
        answers.append(api.get(path, headers=headers))
        return {answer.status_code for answer in answers} >= codes

    wait_for(seen)
    return answers


class TestSpread:
    def test_reads_use_both_hosts_and_projections_write_to_the_primary(
        self, servers: SpreadDesk, desk: Desk, api: httpx.Client
    ):
        customer = registered(api, f"{uuid7()}@example.com")
        assert api.post("/api/orders", json=order_body(customer)).status_code == 201
        wait_for(lambda: is_level(desk))
        servers.catch_up()
        both = wait_for(
            lambda: read_for(api, f"/api/customers/{customer}", 0.5) and all(servers.sessions())
        )
        assert both
        assert_agree(desk)


class TestLaggingStandby:
    def test_answers_a_token_503_instead_of_something_older_and_200_when_it_is_there(
        self, servers: SpreadDesk, desk: Desk, api: httpx.Client
    ):
        customer = registered(api, f"{uuid7()}@example.com")
        wait_for(lambda: is_level(desk))
        servers.catch_up()
        path = f"/api/customers/{customer}"
        with servers.lagging():
            changed = api.patch(path, json={"name": "Bea"})
            token = {"X-Consistency-Token": changed.headers["X-Consistency-Token"]}
            wait_for(lambda: is_level(desk))
            answers = asked_until(api, path, {200, 503}, **token, Prefer="wait=0")
            for answer in answers:  # either host was asked
                if answer.status_code == 200:
                    assert answer.json()["name"] == "Bea"
                else:
                    assert answer.json()["code"] == "read_side_behind"
            assert len(answers) > 1
        servers.catch_up()
        assert set(read_for(api, path, 2 * MAX_AGE_S, **token, Prefer="wait=0")) == {200}

    def test_leaves_no_old_page_in_the_cache(
        self, servers: SpreadDesk, desk: Desk, api: httpx.Client
    ):
        """The news of a change reaches the web process before the change reaches the standby."""
        email = f"{uuid7()}@example.com"
        customer = registered(api, email)
        wait_for(lambda: is_level(desk))
        servers.catch_up()

        # Each page is cached by its own key, and read from either host.
        pages = product(range(len(email), 24, -1), range(1, 101))
        asked: list[tuple[int, int]] = []

        def name(page: tuple[int, int]) -> str:
            params = {"search": email[: page[0]], "page_size": page[1]}
            return str(api.get("/api/customers", params=params).json()["results"][0]["name"])

        def names_so_far() -> set[str]:
            asked.append(next(pages))
            seen.add(name(asked[-1]))
            return seen

        seen: set[str] = set()
        with servers.lagging():
            api.patch(f"/api/customers/{customer}", json={"name": "Bea"})
            wait_for(lambda: is_level(desk))
            wait_for(lambda: len(names_so_far()) == 2)
        servers.catch_up()
        assert {name(page) for page in asked} == {"Bea"}


class TestLostHost:
    @pytest.mark.parametrize("name", ["standby", "read"])
    def test_fails_no_read_and_is_used_again_when_it_is_back(
        self, servers: SpreadDesk, desk: Desk, api: httpx.Client, name: str
    ):
        customer = registered(api, f"{uuid7()}@example.com")
        wait_for(lambda: is_level(desk))
        servers.catch_up()
        path = f"/api/customers/{customer}"
        lost: PrivatePostgres = getattr(servers, name)
        with reading(api, path) as codes:
            wait_for(lambda: codes and all(servers.sessions()))
            lost.kill()
            before = len(codes)
            wait_for(lambda: len(codes) >= before + READS)
        assert set(codes) == {200}
        placed = api.post("/api/orders", json=order_body(customer))
        assert placed.status_code == 201

        lost.start()
        wait_for(lambda: read_for(api, path, 0.5) and all(servers.sessions()))
        wait_for(lambda: is_level(desk))
        assert_agree(desk)

    def test_without_either_reads_are_503_and_writes_go_on(
        self, servers: SpreadDesk, desk: Desk, api: httpx.Client
    ):
        customer = registered(api, f"{uuid7()}@example.com")
        servers.read.kill()
        servers.standby.kill()
        answer = api.get("/api/orders")
        assert (answer.status_code, answer.json()["code"]) == (503, "read_side_unavailable")
        placed = api.post("/api/orders", json=order_body(customer))
        assert placed.status_code == 201
        servers.read.start()
        servers.standby.start()
        wait_for(lambda: is_level(desk))
        token = {"X-Consistency-Token": placed.headers["X-Consistency-Token"], "Prefer": "wait=9"}
        assert api.get(f"/api/orders/{placed.json()['id']}", headers=token).status_code == 200

    def test_reads_go_on_without_the_write_database(
        self, servers: SpreadDesk, desk: Desk, api: httpx.Client
    ):
        wait_for(lambda: is_level(desk))
        servers.write.kill()
        assert set(read_for(api, "/api/orders", 1.5)) == {200}
