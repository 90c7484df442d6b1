"""Leases of the server: the first process that uses it starts it, the last one stops it.

Every such process holds a shared lock on one file. The operating system releases the lock when the
process ends, also by a crash, so there is no counter and no clean-up.
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
    """Hold a lease until this process ends; wait while another process stops the server."""
    lock = _open(folder / "users.lock")
    fcntl.flock(lock, fcntl.LOCK_SH)
    atexit.register(_leave, lock, folder, os.getpid(), when_last_leaves)
    _make_sigterm_run_exit_handlers()


@contextmanager
def start_lock(folder: Path) -> Iterator[None]:
    """Hold the lock for checking whether the server runs, and for starting it."""
    lock = _open(folder / "start.lock")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _leave(lock: int, folder: Path, pid: int, when_last_leaves: Callable[[], None]) -> None:
    if os.getpid() != pid:
        return  # a forked child: it shares its parent's lock, which it releases when it ends
    os.close(lock)
    lock = _open(folder / "users.lock")  # forked children hold the lock of the old one
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    when_last_leaves()
    os.close(lock)  # from now on, the next process can take a lease


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _make_sigterm_run_exit_handlers() -> None:
    # By default SIGTERM ends Python without exit handlers, and the server would go on running.
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda number, _frame: sys.exit(128 + number))
