"""Capturing processes killed while orders come over HTTP."""

import subprocess
import sys

import pytest

from tests.support.capturing import CaptureProcess
from tests.support.desk import FULL_COUNTS, REPOSITORY, Desk, wait_for
from tests.support.placing import placing
from tests.support.sides import assert_agree, is_level

KILLS = 20 if FULL_COUNTS else 2
ORDERS = 5_000 if FULL_COUNTS else 100
PARENT = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])"


@pytest.mark.timeout(2_400 if FULL_COUNTS else 300)
class TestKilledCapture:
    def test_loses_no_order_and_doubles_none(self, desk: Desk, capture: CaptureProcess):
        with placing(desk) as orders:
            for kill in range(1, KILLS + 1):
                capture.start()
                wait_for(lambda due=ORDERS * kill // KILLS: len(orders.placed) >= due, 600)  # type: ignore[misc]
                capture.kill()
        assert len(orders.placed) >= ORDERS
        capture.start()
        wait_for(lambda: is_level(desk), 60)
        assert_agree(desk)
        assert desk.run("projections", "verify")[0] == 0

    def test_goes_on_when_its_engine_alone_is_killed(self, desk: Desk, capture: CaptureProcess):
        capture.start()
        with placing(desk) as orders:
            [engine] = capture.engines()
            engine.kill()
            wait_for(lambda: [each.pid for each in capture.engines()] not in ([], [engine.pid]), 60)
            capture.wait_until("running")
        assert orders.placed
        wait_for(lambda: is_level(desk), 30)
        assert_agree(desk)

    def test_ends_with_its_engine_when_the_process_that_started_it_is_killed(
        self, desk: Desk, capture: CaptureProcess
    ):
        capture.start()
        capture.stop()
        capture.process = subprocess.Popen(
            [sys.executable, "-c", PARENT, str(REPOSITORY / "manage.py"), "cdc", "run"],
            env=desk.environment_of_commands(),
        )
        capture.wait_until("running")
        wait_for(lambda: len(capture.engines()) == 2)  # the command, and its engine
        capture.kill()
