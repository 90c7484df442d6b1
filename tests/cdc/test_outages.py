"""What Debezium or its databases do to the capturing process: it comes back by itself."""

import os
import signal
from typing import Any

import httpx

from config.database.embedded import postmaster
from tests.support.capturing import CaptureProcess, alone
from tests.support.desk import Desk, wait_for
from tests.support.placing import place
from tests.support.sides import assert_agree, is_level

END_READER = """
SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'order_desk'
"""


def health(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{desk.url}/health/ready", timeout=10).json()
    return found


def end_reader(desk: Desk) -> None:
    """End the session that streams, as soon as there is one: heartbeats begin a moment before."""
    wait_for(lambda: desk.sql("default", END_READER) == [(True,)])


def said_failures(capture: CaptureProcess) -> int:
    """Return how often it has failed so far: the state says so for half a second alone."""
    return int(capture.log.read_text().count('"event":"capture_failing"'))


def assert_captures(desk: Desk, capture: CaptureProcess) -> None:
    """See that it is well, and that what was written meanwhile is visible."""
    capture.wait_until("running")
    place(desk, 2)
    wait_for(lambda: is_level(desk), 30)
    assert_agree(desk)
    wait_for(lambda: health(desk)["change_capture"] == "embedded running", 60)


class TestOutage:
    def test_of_the_password_shows_in_the_health_and_ends_by_itself(
        self, desk: Desk, capture: CaptureProcess
    ):
        capture.start()
        password = desk.cluster.state().role_passwords["desk_capture"]
        alone(desk, "ALTER ROLE desk_capture PASSWORD 'another'")
        try:
            end_reader(desk)
            reason = capture.wait_until("failing")["reason"]
            wait_for(lambda: "password authentication failed" in capture.row()["reason"], 30)
            assert password not in reason
            assert health(desk)["change_capture"] == "embedded failing"
            assert health(desk)["status"] == "degraded"
            code, _, failed = desk.run("cdc", "status")
            assert code == 1
            assert "change data capture (embedded) is failing" in failed
        finally:
            alone(desk, f"ALTER ROLE desk_capture PASSWORD '{password}'")
        assert_captures(desk, capture)

    def test_of_the_server_ends_by_itself(self, desk: Desk, capture: CaptureProcess):
        capture.start()
        server = postmaster.find(desk.cluster.data)
        assert server is not None
        os.kill(server.pid, signal.SIGINT)  # the desk starts it again
        wait_for(lambda: _is_another(desk, server.pid), 60)
        wait_for(lambda: health(desk)["checks"]["write_database"] == "up", 60)
        assert_captures(desk, capture)

    def test_of_the_engine_alone_ends_by_itself(self, desk: Desk, capture: CaptureProcess):
        capture.start()
        failures = said_failures(capture)
        end_reader(desk)
        wait_for(lambda: said_failures(capture) > failures, 60)
        assert_captures(desk, capture)


def _is_another(desk: Desk, pid: int) -> bool:
    found = postmaster.find(desk.cluster.data)
    return found is not None and found.pid != pid and found.answers()


class TestStop:
    def test_ends_the_engine_and_exits_0(self, desk: Desk, capture: CaptureProcess):
        capture.start()
        engines = capture.engines()
        assert capture.stop() == 0
        assert [each for each in engines if each.is_running()] == []
        assert capture.row()["state"] == "stopped"
