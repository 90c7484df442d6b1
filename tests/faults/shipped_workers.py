"""Celery as it is shipped: what `make workers` starts, and starts again."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil

from config.database.embedded.ports import free_port
from tests.support.desk import REPOSITORY, STOP_S, Desk, wait_for

START_S = 60.0
PROGRAMS = ("projections", "reactions", "beat")
# The kernel ties a process to the thread that started it: this one lives as long as the tests.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="worker-starter")


class ShippedWorkers:
    """`make workers` beside a desk, with this Python instead of one that it would install."""

    def __init__(self, desk: Desk) -> None:
        self.log = desk.folder / "workers.log"
        self.metrics_port = free_port()
        more = {"METRICS_PORT": str(self.metrics_port)}
        self.environment = desk.environment_of_commands(**more)
        self.process = _STARTER.submit(self._launch).result()

    def _launch(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                ["make", "workers", "INSTALL=:", f"PYTHON_ENV={sys.executable}"],
                env=self.environment,
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def processes(self) -> list[psutil.Process]:
        """Return every process of it, make among them."""
        make = psutil.Process(self.process.pid)
        return [make, *make.children(recursive=True)]

    @property
    def supervisor(self) -> psutil.Process:
        """Return it once make has started it; the lines before it have processes of their own."""
        found = wait_for(lambda: self._children_named("supervisor.supervisord"), START_S)
        return found[0]

    def _children_named(self, word: str) -> list[psutil.Process]:
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        children = psutil.Process(self.process.pid).children()
        return [each for each in children if _names(each, word)]

    def main_process(self, program: str) -> psutil.Process | None:
        """Return the process that the supervisor runs for a program, unless it has none."""
        children = self.supervisor.children()
        return next((each for each in children if _names(each, "celery", program)), None)

    def running(self, program: str) -> psutil.Process:
        """Return the program's main process once there is one."""
        return wait_for(lambda: self.main_process(program), START_S)

    def replaced(self, program: str, old: psutil.Process) -> psutil.Process:
        """Return the process that was started after the old one."""
        wait_for(lambda: not old.is_running(), START_S)
        return self.running(program)

    def children(self, program: str, number: int) -> list[psutil.Process]:
        """Return the program's pool, once it has so many processes."""
        main = self.running(program)
        wait_for(lambda: len(main.children()) >= number, START_S)
        return main.children()

    def terminate(self) -> None:
        """Send SIGTERM to make, as an operator does, and return when it has ended."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_S)

    def kill(self) -> None:
        """Kill -9 all its processes at once."""
        found = self.processes() if self.process.poll() is None else []
        for each in found:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        self.process.wait(STOP_S)
        psutil.wait_procs(found, STOP_S)


def _names(process: psutil.Process, *words: str) -> bool:
    try:
        return set(words) <= set(process.cmdline())
    except psutil.NoSuchProcess:  # it has ended, or is about to
        return False
