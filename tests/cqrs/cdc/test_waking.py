"""The thread that projects."""

import threading

from cqrs.cdc.waking import ProjectingThread
from tests.support.desk import wait_for
from tests.support.faults import Broken

NEVER_S = 3_600.0


class TestProjectingThread:
    def test_projects_after_a_wake_up(self):
        projected = threading.Semaphore(0)
        thread = ProjectingThread(projected.release, sweep_s=NEVER_S)
        with thread.running():
            thread.wake()
            assert projected.acquire(timeout=10)

    def test_projects_by_itself(self):
        projected = threading.Semaphore(0)
        with ProjectingThread(projected.release, sweep_s=0.01).running():
            assert projected.acquire(timeout=10)
            assert projected.acquire(timeout=10)

    def test_goes_on_after_a_failure(self):
        calls: list[int] = []

        def project() -> None:
            calls.append(1)
            if len(calls) == 1:
                raise Broken

        with ProjectingThread(project, sweep_s=0.01).running():
            wait_for(lambda: len(calls) > 1)
