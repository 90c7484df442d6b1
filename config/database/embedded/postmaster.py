"""Read postmaster.pid, and check whether it is stale."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

# No process has this id, so PostgreSQL treats a pid file with it as stale.
UNUSED_PID = 2**31 - 1


@dataclass(frozen=True)
class Postmaster:
    pid: int
    port: int
    is_ready: bool

    def answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return self.is_ready


def find(data: Path) -> Postmaster | None:
    """Return the server that runs on this data folder; None if the pid file is stale."""
    lines = _lines(data / "postmaster.pid")
    if not lines or not _serves(int(lines[0]), data):
        return None
    port = int(lines[3]) if len(lines) > 3 else 0
    return Postmaster(int(lines[0]), port, len(lines) > 7 and lines[7].strip() == "ready")


def disown_stale_pid(data: Path) -> None:
    """Let PostgreSQL start when the pid of a crashed server now belongs to another process.

    Overwrites the pid alone: PostgreSQL needs the rest of the file to check whether processes of
    the crashed server still use its shared memory.
    """
    path = data / "postmaster.pid"
    lines = _lines(path)
    if lines and _exists(int(lines[0])) and not _serves(int(lines[0]), data):
        path.write_text("\n".join([str(UNUSED_PID), *lines[1:], ""]))


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return []
    return lines if lines and lines[0].isdecimal() else []


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _serves(pid: int, data: Path) -> bool:
    # The command line is readable for other accounts, and a zombie process has none.
    try:
        return os.fsencode(data) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return not Path("/proc/self").exists() and _exists(pid)
