"""Circuit breaker: skip an optional server for a while after it failed.

Without it, every request would wait for the time-out of a server that is down.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

PAUSE_S = 5.0


class Breaker:
    """The state of one optional server, for one purpose: closed while it answers, else open."""

    def __init__(self, *failures: type[Exception], pause_s: float = PAUSE_S) -> None:
        self.failures = failures
        self.pause_s = pause_s
        self._retry_at = 0.0  # time.monotonic(); 0 while closed

    def is_open(self) -> bool:
        """Say whether to skip the server. After the pause, one caller per pause may try it."""
        if not self._retry_at:
            return False
        now = time.monotonic()
        if now < self._retry_at:
            return True
        self._retry_at = now + self.pause_s
        return False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Open when the block raises one of the failures, close when it raises nothing."""
        try:
            yield
        except self.failures:
            self._retry_at = time.monotonic() + self.pause_s
            raise
        self._retry_at = 0.0

    def reset(self) -> None:
        self._retry_at = 0.0
