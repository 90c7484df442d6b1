"""`projections run` in processes that can be killed by the hundred: forked off one that is ready.

Importing Django takes a second; a fork of a process that has done so, but has no connection
yet, takes a few milliseconds, and is killed as a process of its own.
"""

import os
import signal
import subprocess
import sys
import time
from types import TracebackType

import psutil

from tests.support.desk import REPOSITORY, Desk

# Small batches: the more commits, the more moments at which a kill can hurt.
LAUNCHER = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from config.wsgi import application
from django.core.management import call_command
from cqrs.projections.registry import runner
runner.batch, runner.near = 3, int(sys.argv[2])
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in sys.stdin:
    pid = os.fork()
    if pid == 0:
        os.close(0)
        os.environ["PGAPPNAME"] = f"worker {os.getpid()}"
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        call_command("projections", "run", stdout=sys.stderr)
        os._exit(0)
    print(pid, flush=True)
"""


class Launcher:
    """Starts workers over the databases of a desk; ends with all of them."""

    def __init__(self, desk: Desk, near: int = 0) -> None:
        """Advance all in one transaction up to the distance `near`, and else each on its own."""
        self.desk, self.near = desk, near
        self.pids: list[int] = []

    def __enter__(self) -> "Launcher":
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(REPOSITORY), str(self.near)],
            env=self.desk.environment_of_commands(),
            cwd=self.desk.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.kill_all()
        self.process.kill()
        self.process.communicate()

    def start(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.pids.append(int(self.process.stdout.readline()))

    def kill(self, index: int) -> None:
        """Kill -9; return when the process is gone."""
        pid = self.pids.pop(index)
        assert psutil.pid_exists(pid), "it has ended by itself"
        os.kill(pid, signal.SIGKILL)
        while psutil.pid_exists(pid):
            time.sleep(0.002)

    def kill_all(self) -> None:
        while self.pids:
            self.kill(0)
