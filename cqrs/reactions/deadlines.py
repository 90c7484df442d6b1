"""One deadline for all outgoing calls of a reaction.

The time-out of a socket begins anew with each byte, so a server that sends one every few seconds
holds a call for as long as it likes. Here a timer shuts the sockets down.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Protocol


class DeadlinePassed(TimeoutError):
    """The calls of a reaction took longer than its deadline."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no end within {seconds:g} s")


class Call(Protocol):
    """A connection of the standard library. Its socket changes when TLS begins."""

    sock: socket.socket | None


class _Deadline:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.is_over = False

    def end(self) -> None:
        self.is_over = True
        for call in self.calls:
            with suppress(OSError, AttributeError):  # closed already
                call.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]


class _Current(threading.local):
    deadline: _Deadline | None = None


_current = _Current()


@contextmanager
def call_deadline(seconds: float) -> Iterator[None]:
    """End the watched calls of the block after this time.

    Raises `DeadlinePassed` if that makes the block fail. It succeeds if the server had answered,
    and only the rest of what it sends is missing.
    """
    _current.deadline = deadline = _Deadline()
    timer = threading.Timer(seconds, deadline.end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if deadline.is_over:
            raise DeadlinePassed(seconds) from error
        raise
    finally:
        timer.cancel()
        _current.deadline = None


def watch(call: Call) -> None:
    """Let the deadline of the thread end the call, if there is one. Raises if it has passed."""
    if (deadline := _current.deadline) is None:
        return
    deadline.calls.append(call)
    if deadline.is_over:
        raise TimeoutError("the deadline has passed")
