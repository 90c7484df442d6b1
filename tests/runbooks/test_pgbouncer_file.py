"""PgBouncer's file of passwords gets the new one by the runbook, and nothing else of it changes.

PgBouncer itself does not run here: the page says with which one its steps were tried.
"""

import os
import subprocess
from pathlib import Path

from tests.runbooks.pages import blocks

*_, PREPARE, SET_PASSWORD, _ = blocks("rotate-database-passwords")
USERS = '"operator" "secret"\n"desk_write" "old"\n"desk_write_2" "other"\n'


def follow(block: str, folder: Path, role: str) -> None:
    """Execute the block in a shell that has the new password; psql reaches no server."""
    given = {"ROLE": role, "USERLIST": f"{folder}/users", "PASSFILE": f"{folder}/pgpass"}
    unreachable = {"PGBOUNCER": "host=127.0.0.1 port=1", "PGHOST": "127.0.0.1", "PGPORT": "1"}
    subprocess.run(
        ["sh", "-c", f"new=new\n{block}"], env={**os.environ, **given, **unreachable}, check=False
    )


class TestFile:
    def test_gets_the_password_of_the_role_alone(self, tmp_path: Path) -> None:
        users, prepared = tmp_path / "users", tmp_path / "users.new"
        users.touch(0o600)
        users.write_text(USERS)
        follow(PREPARE, tmp_path, "desk_write")
        assert users.read_text() == USERS
        assert prepared.read_text() == USERS.replace('"old"', '"new"')
        assert prepared.stat().st_mode & 0o777 == 0o600

    def test_stays_when_pgbouncer_cannot_be_paused(self, tmp_path: Path) -> None:
        for name, text in (
            ("users", USERS),
            ("pgpass", "before"),
            ("pgpass.new", ":desk_write:new"),
        ):
            (tmp_path / name).write_text(text)
        follow(PREPARE + SET_PASSWORD, tmp_path, "desk_write")
        assert (tmp_path / "users").read_text() == USERS
        assert (tmp_path / "pgpass").read_text() == "before"


class TestPassword:
    def test_is_on_no_command_line(self) -> None:
        lines = (PREPARE + SET_PASSWORD).splitlines()
        assert all(line.startswith("printf ") for line in lines if "$new" in line)
