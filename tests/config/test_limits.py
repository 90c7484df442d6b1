"""What a connection of each kind of work waits for, by what the server says of its session."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections, transaction

from cqrs.database.profiles import Profile, current_profile, use_profile
from cqrs.management.commands.projections import SUBCOMMANDS
from cqrs.tasks import expire_idempotent_answers
from cqrs.testing.threads import together

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "replica"])

LIMITS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")


def ask(alias: str, statement: str) -> Any:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def limits(alias: str) -> list[str]:
    return [ask(alias, f"SHOW {name}") for name in LIMITS]


def tcp_options(alias: str) -> tuple[int, ...]:
    """Ask the operating system, which alone notices that a machine has vanished."""
    fileno = connections[alias].connection.fileno()
    with socket.fromfd(fileno, socket.AF_INET, socket.SOCK_STREAM) as found:
        return (
            found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
            found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
            *(
                found.getsockopt(socket.IPPROTO_TCP, each)
                for each in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            ),
        )


@contextmanager
def by_default(setting: str, value: str) -> Iterator[None]:
    """Let sessions of the write database begin with this, as after a change by its operator."""
    name = connections["default"].settings_dict["NAME"]
    with connections["replica"].cursor() as cursor:  # a session that the setting does not meet
        cursor.execute(f'ALTER DATABASE "{name}" SET {setting} = {value}')
        try:
            yield
        finally:
            cursor.execute(f'ALTER DATABASE "{name}" RESET {setting}')


class TestLimits:
    @pytest.mark.parametrize(
        ("profile", "write_side", "read_side"),
        [
            (Profile.WEB, ["250ms", "5s", "10s"], ["2s", "5s", "10s"]),
            (Profile.WORKER, ["2s", "1min", "10s"], ["2s", "1min", "10s"]),
            (Profile.COMMAND, ["2s", "1min", "10s"], ["2s", "1min", "10s"]),
            (Profile.MAINTENANCE, ["2s", "0", "0"], ["2s", "0", "0"]),
            (Profile.PROBE, ["1s", "1s", "1s"], ["1s", "1s", "1s"]),
        ],
    )
    def test_are_those_of_the_threads_profile(self, profile, write_side, read_side):
        with use_profile(profile):
            assert limits("default") == write_side
            assert limits("replica") == read_side

    def test_are_those_of_a_command_unless_a_thread_says_otherwise(self):
        with use_profile(Profile.WEB):
            found = together(lambda: (current_profile(), limits("default")))
        assert found == [(Profile.COMMAND, ["2s", "1min", "10s"])]

    def test_are_a_workers_in_a_task(self):
        expire_idempotent_answers.apply()
        assert current_profile() is Profile.WORKER
        assert limits("default") == ["2s", "1min", "10s"]

    def test_do_not_end_what_takes_hours(self):
        profiles = {name: each.profile for name, each in SUBCOMMANDS.items()}
        endless = {name for name, profile in profiles.items() if profile is Profile.MAINTENANCE}
        assert endless == {"rebuild", "verify", "heal", "repartition"}

    def test_change_with_the_next_connection(self):
        with use_profile(Profile.WEB):
            assert limits("default")[1] == "5s"
        assert limits("default")[1] == "1min"

    def test_leave_the_connection_of_an_open_transaction_alone(self):
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        with transaction.atomic(), use_profile(Profile.WEB):
            assert ask("default", "SELECT pg_backend_pid()") == pid


class TestVanishedHost:
    @pytest.mark.parametrize("profile", Profile)
    @pytest.mark.parametrize("alias", list(connections))
    def test_is_given_up_by_the_socket_of_every_connection(self, alias: str, profile: Profile):
        with use_profile(profile):
            connections[alias].close()  # it can be of another profile
            connections[alias].ensure_connection()
            assert tcp_options(alias) == (3000, 1, 2, 1, 3)  # as docs/deployment.md says


class TestIsolation:
    @pytest.mark.parametrize("level", ["'repeatable read'", "'serializable'"])
    def test_is_read_committed_whatever_the_database_begins_with(self, level: str):
        with by_default("default_transaction_isolation", level):
            connections["default"].close()
            assert ask("default", "SHOW transaction_isolation") == "read committed"


class TestDemotedPrimary:
    @pytest.mark.parametrize("profile", [Profile.WEB, Profile.WORKER])
    def test_is_left_when_it_takes_writes_again(self, profile: Profile):
        with use_profile(profile):
            with by_default("default_transaction_read_only", "on"):
                connections["default"].close()
                assert ask("default", "SHOW transaction_read_only") == "on"
                assert not connections["default"].is_usable()
            connections["default"].close_if_unusable_or_obsolete()
            assert ask("default", "SHOW transaction_read_only") == "off"
            assert connections["default"].is_usable()

    def test_may_be_read_in_the_web(self):
        name = connections["replica"].settings_dict["NAME"]
        with use_profile(Profile.WEB), connections["default"].cursor() as cursor:
            cursor.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
            try:
                assert ask("replica", "SHOW transaction_read_only") == "on"
                assert connections["replica"].is_usable()
            finally:
                cursor.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
                connections["replica"].close()
