"""New passwords of the databases by the runbook: no process restarts, and no request fails."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from cqrs.messaging.ids import uuid7
from tests.runbooks.pages import blocks, run
from tests.support.desk import Desk, registered, served_desk, wait_for
from tests.support.servers import PrivatePostgres
from tests.support.sides import assert_agree, is_level
from tests.support.templates import served_postgres

SET_PASSWORD, END_SESSIONS = blocks("rotate-database-passwords")
ROLES = ("desk_write", "desk_reader", "desk_projector")


class PasswordFile:
    """The passwords of all roles, out of the URLs of a server."""

    def __init__(self, path: Path, server: PrivatePostgres) -> None:
        self.path, self.variables = path, {}
        lines = []
        for name, url in server.variables.items():
            role, _, rest = url.removeprefix("postgresql://").partition(":")
            password, _, where = rest.partition("@")
            lines.append(f"*:*:*:{role}:{password}\n")
            self.variables[name] = f"postgresql://{role}@{where}?passfile={path}"
        path.touch(0o600)
        path.write_text("".join(lines))

    def password(self, role: str) -> str:
        lines = self.path.read_text().splitlines()
        [found] = [line.rpartition(":")[2] for line in lines if f":{role}:" in line]
        return found


@pytest.fixture
def server() -> Iterator[PrivatePostgres]:
    with served_postgres() as postgres:
        yield postgres


@pytest.fixture
def passwords(tmp_path: Path, server: PrivatePostgres) -> PasswordFile:
    return PasswordFile(tmp_path / "pgpass", server)


@pytest.fixture
def desk(passwords: PasswordFile) -> Iterator[Desk]:
    """Serve; each read of the API makes a new connection."""
    with served_desk(**passwords.variables, REPLICA_MAX_AGE_S="0") as desk:
        desk.start()
        yield desk


@contextmanager
def traffic(desk: Desk) -> Iterator[Counter[Any]]:
    """Read and write during the block; yield how often each status or refusal was answered."""
    found: Counter[Any] = Counter()
    is_over = threading.Event()

    def work() -> None:
        with desk.client() as client:
            while not is_over.is_set():
                body = {"name": "Ada", "email": f"{uuid7()}@example.com"}
                for answer in (client.post("/api/customers", json=body), read(client)):
                    found[answer.json().get("code", answer.status_code)] += 1

    def read(client: httpx.Client) -> httpx.Response:
        return client.get("/api/orders", params={"search": uuid7().hex})  # never cached

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


class TestRotation:
    def test_fails_no_request_and_ends_the_old_passwords(
        self, desk: Desk, server: PrivatePostgres, passwords: PasswordFile
    ) -> None:
        before = {role: passwords.password(role) for role in ROLES}
        with traffic(desk) as statuses:
            for role in ROLES:
                settings = {
                    "ROLE": role, "ADMIN_URL": server.url, "PASSFILE": str(passwords.path),
                }  # fmt: skip
                run(SET_PASSWORD, desk, **settings)
                run(END_SESSIONS, desk, **settings)
                written = statuses[201]
                wait_for(lambda written=written: statuses[201] > written + 5, 30)
        assert set(statuses) == {200, 201}, statuses
        for role, password in before.items():
            assert passwords.password(role) != password
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(server.url, user=role, password=password)
        with desk.client() as client:
            registered(client, f"{uuid7()}@example.com")
        wait_for(lambda: is_level(desk), 30)
        assert_agree(desk)
