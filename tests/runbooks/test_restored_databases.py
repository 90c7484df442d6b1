"""After a restore, a promotion or a loss, the runbook is all that is needed.

Each test follows the commands of the page as they stand there.
"""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg
import pytest

from config.database.embedded import postgres
from config.database.embedded.postgres import DATABASES
from cqrs.messaging.ids import uuid7
from tests.runbooks.pages import blocks, managed
from tests.support.backups import dumped, restored_from
from tests.support.desk import Desk, order_body, registered, served_desk, wait_for
from tests.support.servers import (
    PrivatePostgres,
    PrivateStandby,
    on_two_servers,
    private_standby,
)
from tests.support.sides import is_level
from tests.support.templates import served_postgres

RESTORE, _, ON_A_COPY = blocks("restore-a-database")
PROMOTE, _ = blocks("promote-a-standby")
REPLACE, _ = blocks("replace-a-lost-read-database")
AHEAD = "ahead of the log"


class Databases:
    """A desk whose two databases are in two servers."""

    def __init__(self, desk: Desk, write: PrivatePostgres, read: PrivatePostgres) -> None:
        self.desk, self.write, self.read = desk, write, read

    def run(self, command: str) -> tuple[int, str]:
        code, said, complaint = self.desk.run(*command.split(), **self.desk.running_with)
        return code, said + complaint

    def follow(self, block: str) -> str:
        """Run the management commands of a page, and return what was said."""
        return "".join(self.succeed(command) for command in managed(block))

    def succeed(self, command: str) -> str:
        code, said = self.run(command)
        assert code == 0, said
        return said

    def states(self) -> set[str]:
        _, said = self.run("projections status --json")
        document = orjson.loads(said[: said.rindex("}") + 1])
        return {each["state"] for each in document["projections"]}

    def assert_healed(self) -> None:
        self.succeed("projections status")
        assert "Everything agrees" in self.succeed("projections verify")


@pytest.fixture
def databases() -> Iterator[Databases]:
    with ExitStack() as stack:
        write, read = [stack.enter_context(served_postgres()) for _ in range(2)]
        desk = stack.enter_context(served_desk(**on_two_servers(write, read)))
        desk.start()
        yield Databases(desk, write, read)


@pytest.fixture
def api(databases: Databases) -> Iterator[httpx.Client]:
    with databases.desk.client() as client:
        yield client


def fresh(api: httpx.Client) -> str:
    return registered(api, f"{uuid7()}@example.com")


def is_readable(api: httpx.Client, customer: str) -> bool:
    return api.get(f"/api/customers/{customer}").status_code == 200


def readable(api: httpx.Client) -> str:
    """Register a customer, and return the id when it can be read."""
    customer = fresh(api)
    wait_for(lambda: is_readable(api, customer), 60)
    return customer


class TestRestoredWriteDatabase:
    def test_is_noticed_under_traffic_and_healed_by_the_page(
        self, databases: Databases, api: httpx.Client, tmp_path: Path
    ) -> None:
        before = readable(api)
        databases.succeed("projections rebuild orders")  # copies exist
        backup = dumped(databases.write.url, tmp_path / "default.dump")
        lost = readable(api)
        wait_for(lambda: is_level(databases.desk), 60)
        restored_from(backup, databases.write.url)
        after: list[str] = []
        with traffic(api, after):
            wait_for(lambda: len(after) > 2, 60)
            wait_for(lambda: api.get("/health/ready").json().get("read_side") == AHEAD, 60)
            assert databases.states() == {"ahead"}
            assert is_readable(api, lost)
            assert not is_readable(api, after[0])
            said = databases.follow(RESTORE)
            assert f"lost: customer {lost}: version 1 to 1" in " ".join(said.split())
            wait_for(lambda: is_readable(api, after[0]), 60)
        wait_for(lambda: is_level(databases.desk), 60)
        assert all(is_readable(api, each) for each in (before, *after))
        assert api.get(f"/api/customers/{lost}").status_code == 404
        assert "read_side" not in api.get("/health/ready").json()
        databases.assert_healed()


class TestPromotedStandby:
    @pytest.fixture
    def standby(self, databases: Databases) -> Iterator[PrivateStandby]:
        path = Path(tempfile.mkdtemp(prefix="order-desk-"))
        with private_standby(path, databases.write) as standby:
            yield standby

    def promote(self, databases: Databases, standby: PrivateStandby) -> None:
        databases.write.kill()
        standby.start()
        program = standby.binaries["pg_ctl"]
        standby.account.run([program, "promote", "--wait", "-D", standby.cluster.data])
        databases.desk.start(**on_two_servers(standby, databases.read))

    def test_that_lost_the_last_commits_is_healed_by_the_page(
        self, databases: Databases, standby: PrivateStandby, api: httpx.Client
    ) -> None:
        before = readable(api)
        wait_for(lambda: count_of_events(standby) == count_of_events(databases.write), 60)
        standby.stop()
        lost = readable(api)
        self.promote(databases, standby)
        placed = api.post("/api/orders", json=order_body(before)).json()["id"]
        wait_for(lambda: databases.states() == {"ahead"}, 60)
        databases.follow(PROMOTE)
        wait_for(lambda: api.get(f"/api/orders/{placed}").status_code == 200, 60)
        assert api.get(f"/api/customers/{lost}").status_code == 404
        databases.assert_healed()

    def test_that_lost_nothing_goes_on(
        self, databases: Databases, standby: PrivateStandby, api: httpx.Client
    ) -> None:
        readable(api)
        wait_for(lambda: count_of_events(standby) == count_of_events(databases.write), 60)
        self.promote(databases, standby)
        readable(api)
        assert "Nothing to heal" in databases.succeed("projections heal")
        databases.assert_healed()


class TestLostReadDatabase:
    def test_is_filled_again_by_one_command(self, databases: Databases, api: httpx.Client) -> None:
        databases.succeed("projections heal --restored")
        customer = readable(api)
        admin = databases.read.urls["replica"].rsplit("/", 1)[0] + "/postgres"
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {DATABASES['replica']} WITH (FORCE)")
        databases.read.cluster.update_state(rights="")
        postgres.prepare(databases.read.cluster, databases.read.port)  # an empty one, with rights
        databases.follow(REPLACE)
        wait_for(lambda: is_readable(api, customer), 150)
        wait_for(lambda: is_level(databases.desk), 60)
        assert "Nothing to heal" in databases.succeed("projections heal")
        databases.assert_healed()


class TestBackup:
    def test_is_tested_on_a_copy(self, tmp_path: Path) -> None:
        with served_postgres() as server:
            backup = dumped(server.url, tmp_path / "default.dump")
            where = server.url.rpartition("/")[0]
            with psycopg.connect(server.url, autocommit=True) as connection:
                for name in ("desk_check", "desk_check_read"):
                    connection.execute(f"CREATE DATABASE {name}")
            restored_from(backup, f"{where}/desk_check")
            copies = {
                "DATABASE_URL": f"{where}/desk_check",
                "REPLICA_DATABASE_URL": f"{where}/desk_check_read",
            }
            with served_desk(**copies) as desk:
                for command in managed(ON_A_COPY):
                    code, said, complaint = desk.run(*command.split())
                    assert code == 0, said + complaint
        assert "Everything agrees" in said


def count_of_events(server: PrivatePostgres) -> Any:
    with psycopg.connect(server.urls["default"]) as connection:
        return connection.execute("SELECT count(*), max(id) FROM cqrs_event").fetchone()


@contextmanager
def traffic(api: httpx.Client, done: list[str]) -> Iterator[None]:
    """Register customers during the block; `done` gets their ids."""
    stop = threading.Event()

    def register() -> None:
        while not stop.wait(0.05):
            done.append(fresh(api))

    thread = threading.Thread(target=register)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
