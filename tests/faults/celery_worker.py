"""Celery as an operator starts it: worker processes and beat over Redis."""

import subprocess
import sys

import psutil

from tests.support.desk import REPOSITORY, STOP_S, Desk


class CeleryWorker:
    """`celery -A config worker` with two processes, the first of them with beat."""

    def __init__(self, desk: Desk, number: int) -> None:
        beat = ["--beat", "--schedule", str(desk.folder / "beat")] if number == 0 else []
        with (desk.folder / f"celery-{number}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "config", "worker", "--concurrency", "2",
                 "-Q", "projections,reactions",
                 "--hostname", f"worker-{number}@%h", *beat],
                env=desk.environment_of_commands(),
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """Kill -9 all its processes at once."""
        found = [*psutil.Process(self.process.pid).children(recursive=True)]
        self.process.kill()
        for child in found:
            child.kill()
        self.process.wait(STOP_S)
        psutil.wait_procs(found, STOP_S)
