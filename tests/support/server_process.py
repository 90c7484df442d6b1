"""One server process of a test's own: started, stopped, killed and started again."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from config.database.embedded.account import Account
from config.database.embedded.ports import free_port
from config.serve.parent_death import end_with_parent

START_S = 30.0
# The kernel ties a server to the thread that started it: this one lives as long as the process.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="server-starter")


class ServerProcess:
    """One server process over a folder of its own, on a port that stays the same."""

    stop_signal = signal.SIGTERM
    orphan_signal = signal.SIGKILL
    account = Account(os.geteuid(), os.getegid())

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str | Path]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return self.account.environment()

    def start(self) -> None:
        """Return when the server answers; also after a crash, and when it runs already."""
        deadline = time.monotonic() + START_S
        while not self.answers():
            if self.process is None or self.process.poll() is not None:
                self.process = _STARTER.submit(self._launch).result()
            if time.monotonic() > deadline:
                raise TimeoutError(f"no answer, see {self.log}: {self.log.read_text()[-800:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        self._end(self.stop_signal)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def _launch(self) -> subprocess.Popen[bytes]:
        other: dict[str, Any] = {
            "user": self.account.uid,
            "group": self.account.gid,
            "extra_groups": [],
        }
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=self.environment(),
                start_new_session=True,  # not for the terminal's Ctrl-C
                # Runs after the account has changed, which would make the kernel forget it.
                preexec_fn=partial(end_with_parent, os.getpid(), self.orphan_signal),
                **(other if self.account.is_other else {}),
            )

    def _end(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(START_S)
            self.process = None
