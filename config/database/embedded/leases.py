"""Who uses the server: the first user starts it, the last one stops it.

Every user holds a shared lock on one file. The kernel lets go of it when a process dies, however
it dies, so nothing has to be counted or cleaned up.
"""

import atexit
import fcntl
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def join(folder: Path, when_last_leaves: Callable[[], None]) -> None:
    """Count as a user until this process ends; waits while a last user stops the server."""
    lock = _open(folder / "users.lock")
    fcntl.flock(lock, fcntl.LOCK_SH)
    atexit.register(_leave, lock, folder, os.getpid(), when_last_leaves)
    _make_sigterm_run_exit_handlers()


@contextmanager
def deciding(folder: Path) -> Iterator[None]:
    """Be the only one who looks whether the server runs, and starts it."""
    lock = _open(folder / "start.lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _leave(lock: int, folder: Path, pid: int, when_last_leaves: Callable[[], None]) -> None:
    if os.getpid() != pid:
        return  # a forked child: it shares its parent's lock, and leaves when it ends
    os.close(lock)
    lock = _open(folder / "users.lock")  # a second look: forked children still hold the first
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    when_last_leaves()
    os.close(lock)  # only now may the next user come in


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _make_sigterm_run_exit_handlers() -> None:
    # By default SIGTERM ends Python without them, and would leave the server behind.
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))
