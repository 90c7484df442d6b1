"""New passwords of the databases by the runbook: no process restarts, and no request fails."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cqrs.messaging.ids import uuid7
from tests.runbooks.pages import attempt, blocks, run
from tests.runbooks.passwords import PasswordFile, settings
from tests.runbooks.traffic import repeated
from tests.support.desk import Desk, registered, served_desk, wait_for
from tests.support.servers import PrivatePostgres
from tests.support.sides import assert_agree, is_level
from tests.support.templates import served_postgres

PREPARE, SET_PASSWORD, END_SESSIONS, *_ = blocks("rotate-database-passwords")
ROLES = ("desk_write", "desk_reader", "desk_projector")


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

    def use() -> None:
        body = {"name": "Ada", "email": f"{uuid7()}@example.com"}
        never_cached = {"search": uuid7().hex}
        written = client.post("/api/customers", json=body)
        for answer in (written, client.get("/api/orders", params=never_cached)):
            found[answer.json().get("code", answer.status_code)] += 1

    with desk.client() as client, repeated(use), repeated(use):
        yield found


class TestRotation:
    def test_fails_no_request_and_ends_the_old_passwords(
        self, desk: Desk, server: PrivatePostgres, passwords: PasswordFile
    ) -> None:
        before = passwords.passwords()
        with traffic(desk) as statuses:
            for role in ROLES:
                given = settings(role, passwords, server)
                run(PREPARE + SET_PASSWORD, desk, **given)
                run(END_SESSIONS, desk, **given)
                written = statuses[201]
                wait_for(lambda written=written: statuses[201] > written + 5)
        assert set(statuses) == {200, 201}, statuses
        after = passwords.passwords()
        assert {role for role in before if before[role] != after[role]} == set(ROLES)
        for role in ROLES:
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(server.url, user=role, password=before[role])
        with desk.client() as client:
            registered(client, f"{uuid7()}@example.com")
        wait_for(lambda: is_level(desk))
        assert_agree(desk)

    @pytest.mark.parametrize("user", ["desk_wrong", "desk_write_owner"])
    def test_leaves_file_and_sessions_alone_if_psql_fails(
        self, server: PrivatePostgres, passwords: PasswordFile, user: str
    ) -> None:
        """Refuse the login of the one, and the other the right to change the password."""
        before = passwords.path.read_text()
        found = passwords.passwords()
        given = settings("desk_write", passwords, server)
        given |= {"PGUSER": user, "PGPASSWORD": found.get(user, "")}
        login = {"user": "desk_write", "password": found["desk_write"]}
        with served_desk() as desk, psycopg.connect(server.url, **login) as session:
            for block in (PREPARE + SET_PASSWORD, END_SESSIONS):
                assert attempt(block, desk, **given).returncode != 0
            session.execute("SELECT 1")
        assert passwords.path.read_text() == before
        psycopg.connect(server.url, **login).close()

    def test_changes_nothing_if_the_file_has_no_line_for_the_role(
        self, server: PrivatePostgres, passwords: PasswordFile
    ) -> None:
        before = passwords.passwords()["desk_write"]
        passwords.path.write_text("*:*:desk_write:desk_write_owner:secret\n")
        with served_desk() as desk:
            given = settings("desk_write", passwords, server)
            assert attempt(PREPARE + SET_PASSWORD, desk, **given).returncode == 1
        assert passwords.passwords() == {"desk_write_owner": "secret"}
        psycopg.connect(server.url, user="desk_write", password=before).close()

    def test_has_the_password_on_no_command_line(self) -> None:
        lines = (PREPARE + SET_PASSWORD).splitlines()
        assert all(line.startswith("printf ") for line in lines if "$new" in line)
