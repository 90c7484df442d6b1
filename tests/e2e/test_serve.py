"""How `serve` begins and ends, alone and beside others."""

import signal
import socket
from collections.abc import Iterator

import psutil
import pytest

from config.database.embedded import postmaster
from tests.support.desk import Desk, served_desk, wait_for


class TestServe:
    def test_says_in_one_line_that_the_checkout_is_served_already(self, desk: Desk):
        code, stdout, stderr = desk.run("serve", PORT="15001")
        assert code == 1
        assert stdout == ""
        assert stderr == (
            f"Process {desk.process.pid} already serves this checkout at {desk.url}: "
            "stop it first\n"
        )

    @pytest.mark.parametrize("asked", [("serve", "--help"), ("web", "-h"), ("help", "serve")])
    def test_helps_also_while_the_checkout_is_served(self, desk: Desk, asked: tuple[str, str]):
        code, stdout, stderr = desk.run(*asked)
        assert (code, stderr) == (0, "")
        assert "Exit codes: 0 after a signal" in " ".join(stdout.split())

    def test_says_in_one_line_that_the_port_is_taken(self):
        with served_desk() as other, socket.create_server(("127.0.0.1", other.port)):
            code, stdout, stderr = other.run("serve")
            assert code == 1
            assert stdout == ""
            assert stderr.startswith(f"Port {other.port} on 127.0.0.1 is taken")
            assert stderr.count("\n") == 1
            assert not (other.folder / "local" / "id").exists()  # nothing slow was begun

    def test_prints_the_addresses_and_the_demo_users(self, desk: Desk):
        for path in ("api/orders", "api/docs", "admin/", "health/ready"):
            assert f"{desk.url}/{path}" in desk.log
        for word in ("admin", "clerk", "warehouse", "viewer", "password"):
            assert word in desk.log

    def test_ends_on_sigterm_with_0_and_leaves_no_process(self, desk: Desk):
        running = desk.processes()
        assert len(running) > 3  # serve, the web process, PostgreSQL and its own
        assert desk.stop() == 0
        assert psutil.wait_procs(running, 10)[1] == []
        assert postmaster.find(desk.cluster.data) is None

    def test_ends_on_ctrl_c_and_takes_a_second_signal_calmly(self, desk: Desk):
        running = desk.processes()
        for _ in range(2):
            desk.process.send_signal(signal.SIGINT)
        assert desk.process.wait(30) == 0
        assert psutil.wait_procs(running, 10)[1] == []

    def test_starts_the_private_postgres_again_when_it_was_killed(self, desk: Desk):
        with desk.client() as client:
            psutil.Process(postmaster.find(desk.cluster.data).pid).kill()
            wait_for(lambda: client.get("/health/ready").status_code == 200)
            wait_for(lambda: client.get("/api/orders").status_code == 200)


class TestWeb:
    @pytest.fixture
    def other(self, desk: Desk) -> Iterator[Desk]:
        with served_desk(**desk.variables) as web:
            yield web

    def test_serves_databases_that_are_there_without_workers(self, other: Desk):
        # No Redis is needed to begin: its loss is an outage like any other.
        other.process = other.manage("web", REDIS_URL="redis://127.0.0.1:1/0")
        wait_for(other._is_ready)
        with other.client() as client:
            assert client.get("/api/orders").json()["count"] > 0
        names = [" ".join(process.cmdline()) for process in other.processes()]
        assert not [name for name in names if "celery" in name]
        assert other.stop() == 0

    def test_needs_a_broker_for_its_workers(self, other: Desk):
        code, _, stderr = other.run("web")
        assert code == 1
        assert stderr == "CommandError: Set REDIS_URL: workers in other processes need a broker\n"

    def test_needs_databases(self):
        with served_desk() as other:
            code, _, stderr = other.run("web")
        assert code == 1
        assert stderr.startswith("CommandError: Set DATABASE_URL and REPLICA_DATABASE_URL")
