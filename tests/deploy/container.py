"""One service of docker-compose.yml as a process, started again as its policy says."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

from config.database.embedded.account import Account
from config.serve.parent_death import end_with_parent
from tests.deploy.compose_file import Service
from tests.support.desk import wait_for

START_S = 60.0
PAUSE_S = 0.1  # Docker's own, before the first restart
# `python` is the one with the packages, as in the image.
PATH = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
SELF = Account(os.geteuid(), os.getegid())


@dataclass
class Container:
    """Runs commands in an environment that has nothing but what the files say."""

    service: Service
    code: Path
    environment: Mapping[str, str]
    command: Sequence[str]
    health_command: Sequence[str]
    log: Path
    account: Account = SELF
    exit_codes: list[int] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self._is_stopping = Event()
        self._supervisor = Thread(target=self._supervise, daemon=True)

    def start(self) -> None:
        self._supervisor.start()

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, as `docker compose exec` does."""
        return subprocess.run(
            command,
            env={**self.environment, **environment},
            cwd=self.code,
            capture_output=True,
            text=True,
            timeout=START_S,
            check=False,
        )

    def finish(self) -> int:
        """Wait for the end of one that runs once; return its exit code."""
        self._supervisor.join(START_S)
        return self.exit_codes[-1]

    def is_healthy(self) -> bool:
        return self.run(*self.health_command).returncode == 0

    def wait_until_healthy(self) -> None:
        wait_for(self.is_healthy, START_S)

    def kill(self) -> int:
        """Kill -9 the main process; return the id of the one that comes after it."""
        killed = self.process
        assert killed is not None
        killed.kill()
        return int(wait_for(lambda: self._running_id(other_than=killed.pid), START_S))

    def _running_id(self, other_than: int) -> int:
        process = self.process
        assert process is not None
        return 0 if process.pid == other_than else process.pid

    def ask_to_stop(self, number: int = signal.SIGTERM) -> None:
        self._is_stopping.set()
        if self.process is not None:
            self.process.send_signal(number)

    def stopped(self) -> int:
        """Return the exit code of one that was asked to stop, within its grace period."""
        self._supervisor.join(self.service.grace_s)
        assert not self._supervisor.is_alive(), f"{self.service.name} has not ended in time"
        return self.exit_codes[-1]

    def end(self) -> None:
        """Leave nothing of it behind."""
        self._is_stopping.set()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _supervise(self) -> None:
        while True:
            with self.log.open("ab") as log:
                self.process = self._launch(log)
            self.exit_codes.append(self.process.wait())
            if not self.service.is_restarted(self.exit_codes[-1]) or self._is_stopping.wait(
                PAUSE_S
            ):
                return

    def _launch(self, log: Any) -> subprocess.Popen[bytes]:
        other: dict[str, Any] = {
            "user": self.account.uid, "group": self.account.gid, "extra_groups": []
        }  # fmt: skip
        return subprocess.Popen(
            self.command,
            env=dict(self.environment),
            cwd=self.code,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=partial(end_with_parent, os.getpid()),  # also when the tests are killed
            **(other if self.account.is_other else {}),
        )
