"""A directory in which the processes of one service count together, for as long as it runs.

Each start has a directory of its own, since process ids come again: also in other containers that
share the folder. A lock says that it is in use; the next start removes what a killed one has left.
"""

import atexit
import fcntl
import os
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import IO

from config.environment import local_dir
from cqrs.metrics import use_directory

LOCK = "lock"
_held: list[IO[str]] = []
"""The locks, open as long as the process."""


def count_together(service: str) -> Path:
    """Count in a new directory from now on, in this process and in those that it starts."""
    folder = local_dir(f"metrics/{service}")
    with (folder / LOCK).open("w") as starting:  # one at a time, so that none removes a new one
        fcntl.flock(starting, fcntl.LOCK_EX)
        _remove_left_over(folder)
        path = Path(mkdtemp(dir=folder))
        _held.append(_locked(path))
    atexit.register(_remove, path, os.getpid())
    use_directory(path)
    return path


def _remove_left_over(folder: Path) -> None:
    for path in filter(Path.is_dir, folder.iterdir()):
        try:
            _locked(path).close()
        except BlockingIOError:
            continue  # in use
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
