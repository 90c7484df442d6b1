"""Lock the checkout and the port, so that one process serves each.

Two web processes of one checkout would share a database, but not their in-process brokers and
caches.
"""

import errno
import fcntl
import os
import socket
import sys
import time
from pathlib import Path
from typing import IO

from config.early_settings import HOST, PORT
from config.environment import WHOLE_NUMBER

LOCK_FILE = "serve.lock"
STOPPING = "stopping"
STOPPING_S = 15  # how long to wait for a previous run that is stopping
LINGER_S = 1.0  # the web process of a killed run ends some milliseconds later


class Refused(Exception):
    """Another process holds the checkout or the port. One line says which, and what to do."""


class ServeLock:
    """The checkout's lock and the reserved port, held until the process ends."""

    def __init__(self, folder: Path, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._lock = _lock(folder / LOCK_FILE)
        self._note(self.url)
        self._reservation = _reserve(host, port)

    def announce_stop(self) -> None:
        """Let the next run wait for this one instead of refusing."""
        self._note(STOPPING)

    def _note(self, state: str) -> None:
        self._lock.seek(0)
        self._lock.truncate()
        self._lock.write(f"{os.getpid()} {state}")
        self._lock.flush()


def acquire(folder: Path) -> ServeLock:
    """Lock the checkout and HOST:PORT; raises `Refused` if another process has one of them."""
    port = PORT.text() or PORT.default
    if not WHOLE_NUMBER.fullmatch(port) or not 0 < int(port) < 65536:
        raise Refused(f"PORT={port} is not a port: set it to a number from 1 to 65535")
    return ServeLock(folder, HOST.text() or HOST.default, int(port))


def _lock(path: Path) -> IO[str]:
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    deadline = time.monotonic() + STOPPING_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid, _, state = file.read().partition(" ")
        else:
            return file
        if state != STOPPING or time.monotonic() > deadline:
            served = f" at {state}" if state.startswith("http") else ""
            raise Refused(
                f"Process {pid or '?'} already serves this checkout{served}: stop it first"
            )
        time.sleep(0.05)


def _reserve(host: str, port: int) -> socket.socket | None:
    deadline = time.monotonic() + LINGER_S
    while True:
        try:
            return _reservation(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise Refused(
                    f"Cannot listen on {host}:{port}: {error.strerror or error}"
                ) from error
        if time.monotonic() > deadline:
            raise Refused(
                f"Port {port} on {host} is taken by another program: "
                f"choose another one, PORT={port + 1 if port < 65535 else 8000}"
            )
        time.sleep(0.05)


def _reservation(host: str, port: int) -> socket.socket | None:
    """Bind, so that no other program can take the port; the web server's sockets share it."""
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT
    try:
        held.bind((host, port))
    except OSError:
        held.close()
        raise
    if sys.platform != "linux":
        held.close()
        return None
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # granian's workers bind like this
    return held
