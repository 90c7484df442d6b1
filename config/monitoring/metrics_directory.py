"""A directory in which the processes of one service count together, for as long as it runs.

It is in memory where the machine has such a file system: the files are mapped, so on a disk that is
full each process that counts would end by SIGBUS.

Each start has a directory of its own, since process ids come again: also in other containers that
share the folder. A lock says that it is in use; the next start removes what a killed one has left.
"""

import atexit
import fcntl
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import IO

import structlog

from config.environment import local_dir
from cqrs.metrics import use_directory

IN_MEMORY = Path("/dev/shm")  # noqa: S108
ENOUGH_BYTES = 32_000_000
"""What many processes need: each has three to five files, of 64 to 512 KB."""
LOCK = "lock"
_held: list[IO[str]] = []
"""The locks, open as long as the process."""

log = structlog.get_logger("config.monitoring")


def count_together(service: str) -> Path | None:
    """Count in a new directory from now on, in this process and in those that it starts.

    Without one (a disk that is full or only read) each process counts alone: None.
    """
    try:
        path = _new_directory(service)
    except OSError as error:
        log.warning("metrics_not_shared", service=service, reason=type(error).__name__)
        return None
    atexit.register(_remove, path, os.getpid())
    use_directory(path)
    return path


def _new_directory(service: str) -> Path:
    folder = _folder()
    with (folder / LOCK).open("w") as starting:  # one at a time, so that none removes a new one
        fcntl.flock(starting, fcntl.LOCK_EX)
        _remove_left_over(folder)
        path = Path(mkdtemp(prefix=f"{service}-{os.getpid()}-", dir=folder))
        _held.append(_locked(path))
    return path


def _folder() -> Path:
    """Return this account's folder in memory; where there is none, one on the disk."""
    with suppress(OSError):
        if shutil.disk_usage(IN_MEMORY).free >= ENOUGH_BYTES:
            path = IN_MEMORY / f"order-desk-{os.geteuid()}"
            path.mkdir(mode=0o700, exist_ok=True)
            if _is_private(path):
                return path
    return local_dir("metrics")


def _is_private(path: Path) -> bool:
    """Return whether no other account has made it, or can enter it."""
    found = path.lstat()
    is_own_folder = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return is_own_folder and not found.st_mode & 0o077


def _remove_left_over(folder: Path) -> None:
    for path in filter(Path.is_dir, folder.iterdir()):
        try:
            _locked(path).close()
        except (BlockingIOError, FileNotFoundError):
            continue  # in use, or just removed
        shutil.rmtree(path, ignore_errors=True)


def _locked(path: Path) -> IO[str]:
    """Lock the directory; raises `BlockingIOError` when a process has it."""
    file = (path / LOCK).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    return file


def _remove(path: Path, pid: int) -> None:
    if os.getpid() == pid:  # and not a fork of it
        shutil.rmtree(path, ignore_errors=True)
