"""After a restore, a promotion or a loss, the runbook is all that is needed.

Each test follows the commands of the page as they stand there.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from config.database.embedded import postgres
from config.database.embedded.postgres import DATABASES
from tests.runbooks.databases import Databases, fresh, is_readable, readable
from tests.runbooks.pages import attempt, blocks, managed, run
from tests.runbooks.traffic import repeated
from tests.support.backups import dumped, restored_from
from tests.support.desk import order_body, served_desk, wait_for
from tests.support.servers import (
    PrivatePostgres,
    PrivateStandby,
    on_two_servers,
    private_standby,
)
from tests.support.sides import is_level
from tests.support.templates import served_postgres

RESTORE, HEAL, _, ON_A_COPY = blocks("restore-a-database")
PROMOTE, _ = blocks("promote-a-standby")
REPLACE, _ = blocks("replace-a-lost-read-database")
AHEAD = "ahead of the log"
WHILE_RESTORED = {
    ("GET", 200),
    ("POST", 201),
    ("POST", "busy"),
    ("POST", "write_side_unavailable"),
}


@pytest.fixture(scope="module")
def stack() -> Iterator[ExitStack]:
    """Return where servers are left running for the tests that follow."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def databases(stack: ExitStack) -> Databases:
    """Return a desk that each test leaves healed, if on other servers."""
    write, read = [stack.enter_context(served_postgres()) for _ in range(2)]
    desk = stack.enter_context(served_desk(**on_two_servers(write, read)))
    desk.start()
    return Databases(desk, write, read)


@pytest.fixture
def api(databases: Databases) -> Iterator[httpx.Client]:
    with databases.desk.client() as client:
        yield client


class TestRestoredWriteDatabase:
    def test_is_noticed_under_traffic_and_healed_by_the_page(
        self, databases: Databases, api: httpx.Client
    ) -> None:
        before = readable(api)
        databases.succeed("projections rebuild orders")  # copies exist
        dumped(databases.write.url, databases.desk.folder / "default.dump")
        lost = readable(api)
        wait_for(lambda: is_level(databases.desk))
        self.restore(databases, api, before)
        after: list[str] = []
        with repeated(lambda: after.append(fresh(api))):
            wait_for(lambda: len(after) > 2)
            wait_for(lambda: api.get("/health/ready").json().get("read_side") == AHEAD)
            assert databases.states() == {"ahead"}
            assert is_readable(api, lost)
            assert not is_readable(api, after[0])
            said = databases.follow(HEAL)
            assert f"lost: customer {lost}: version 1 to 1" in " ".join(said.split())
            wait_for(lambda: is_readable(api, after[0]))
        wait_for(lambda: is_level(databases.desk))
        assert all(is_readable(api, each) for each in (before, *after))
        assert api.get(f"/api/customers/{lost}").status_code == 404
        assert "read_side" not in api.get("/health/ready").json()
        databases.assert_healed()

    def restore(self, databases: Databases, api: httpx.Client, customer: str) -> None:
        """Follow the step in traffic, which meets the data of before or of after, and no others."""
        seen: Counter[Any] = Counter()

        def use() -> None:
            order = api.post("/api/orders", json=order_body(customer))
            for answer in (order, api.get(f"/api/customers/{customer}")):
                seen[answer.request.method, answer.json().get("code", answer.status_code)] += 1

        with repeated(use):
            wait_for(lambda: seen["POST", 201])
            url = databases.write.url
            wait_for(lambda: attempt(RESTORE, databases.desk, WRITE_URL=url).returncode == 0)
            placed = seen["POST", 201]
            wait_for(lambda: seen["POST", 201] > placed + 1)
        assert set(seen) <= WHILE_RESTORED, seen


class TestRestoredReadDatabase:
    def test_catches_up_when_newer_copies_are_dropped_first(
        self, databases: Databases, api: httpx.Client
    ) -> None:
        url = databases.read.urls["replica"]
        dumped(url, databases.desk.folder / "default.dump")
        databases.succeed("projections rebuild orders")
        customer = readable(api)
        assert attempt(RESTORE, databases.desk, WRITE_URL=url).returncode == 1
        assert is_readable(api, customer)
        databases.succeed("projections rebuild --all --discard")
        run(RESTORE, databases.desk, WRITE_URL=url)
        wait_for(lambda: is_readable(api, customer))
        wait_for(lambda: is_level(databases.desk))
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
        wait_for(lambda: is_level(databases.desk))
        assert "Nothing to heal" in databases.succeed("projections heal")
        databases.assert_healed()


class TestPromotedStandby:
    @pytest.fixture
    def standby(self, databases: Databases, stack: ExitStack) -> PrivateStandby:
        path = Path(tempfile.mkdtemp(prefix="order-desk-"))
        return stack.enter_context(private_standby(path, databases.write))

    def promote(self, databases: Databases, standby: PrivateStandby) -> None:
        databases.write.kill()
        standby.start()
        program = standby.binaries["pg_ctl"]
        standby.account.run([program, "promote", "--wait", "-D", standby.cluster.data])
        databases.desk.start(**on_two_servers(standby, databases.read))
        databases.write = standby

    def test_that_lost_the_last_commits_is_healed_by_the_page(
        self, databases: Databases, standby: PrivateStandby, api: httpx.Client
    ) -> None:
        before = readable(api)
        wait_for(lambda: count_of_events(standby) == count_of_events(databases.write))
        standby.stop()
        lost = readable(api)
        self.promote(databases, standby)
        placed = api.post("/api/orders", json=order_body(before)).json()["id"]
        wait_for(lambda: databases.states() == {"ahead"})
        databases.follow(PROMOTE)
        wait_for(lambda: api.get(f"/api/orders/{placed}").status_code == 200)
        assert api.get(f"/api/customers/{lost}").status_code == 404
        databases.assert_healed()

    def test_that_lost_nothing_goes_on(
        self, databases: Databases, standby: PrivateStandby, api: httpx.Client
    ) -> None:
        readable(api)
        wait_for(lambda: count_of_events(standby) == count_of_events(databases.write))
        self.promote(databases, standby)
        readable(api)
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
