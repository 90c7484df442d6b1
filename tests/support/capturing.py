"""`manage.py cdc run` over a desk, as an operator starts it."""

import signal
import subprocess
from typing import Any

import psutil
import psycopg

from tests.support.desk import STOP_S, Desk, wait_for

START_S = 60.0
STATE = """
SELECT state, reason, since, changes, scan_due, heard_at FROM cqrs_projections_capturestate
WHERE source = %s
"""


def alone(desk: Desk, statement: str) -> None:
    """Run a statement on the write database that no transaction may have around it."""
    with psycopg.connect(desk.database_url("default"), autocommit=True) as connection:
        connection.execute(statement.encode())


class CaptureProcess:
    """The command and the engine that it starts, which can be stopped, killed and started again."""

    def __init__(self, desk: Desk, source: str = "embedded", **environment: str) -> None:
        self.desk, self.source, self.environment = desk, source, environment
        self.process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start it, and do not wait."""
        with self.log.open("ab") as log:
            self.process = self.desk.manage(
                "cdc", "run", "--source", self.source, stdout=log, stderr=log, **self.environment
            )

    def start(self) -> None:
        """Return when it captures. One that runs already is left alone."""
        if self.process is not None and self.process.poll() is None:
            wait_for(self.is_capturing, START_S)
            return
        before = self.row()
        self.begin()
        wait_for(lambda: self._is_anew(before) and self.is_capturing(), START_S)

    def _is_anew(self, before: dict[str, Any]) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        return self.row().get("since") != before.get("since")

    def is_capturing(self) -> bool:
        return self.row().get("state") == "running"

    def row(self) -> dict[str, Any]:
        """Return what it says of itself."""
        found = self.desk.sql("replica", STATE, self.source)
        names = ("state", "reason", "since", "changes", "scan_due", "heard_at")
        return dict(zip(names, found[0], strict=True)) if found else {}

    def wait_until(self, state: str) -> dict[str, Any]:
        """Return what it says once it says that it is in this state."""
        wait_for(lambda: self.row().get("state") == state, START_S)
        return self.row()

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S)

    def kill(self) -> None:
        """Kill -9 the command; return when its engine has gone, too."""
        engines = self.engines()
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_S)
        _, alive = psutil.wait_procs(engines, STOP_S)
        assert alive == []

    def engines(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self) -> None:
        """Leave nothing of it behind."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    @property
    def log(self) -> Any:
        return self.desk.folder / f"cdc-{self.source}.log"
