"""Leave a server that does not answer alone for a while: its time-outs must not slow down us."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

PAUSE_S = 5.0


class Breaker:
    """Stands before a server that can be done without. One per server and purpose."""

    def __init__(self, *failures: type[Exception], pause_s: float = PAUSE_S) -> None:
        self.failures = failures
        self.pause_s = pause_s
        self._retry_at = 0.0  # time.monotonic(); 0 while it answers

    def is_open(self) -> bool:
        """Say whether to do without it. After the pause, one caller at a time is let through."""
        if not self._retry_at:
            return False
        now = time.monotonic()
        if now < self._retry_at:
            return True
        self._retry_at = now + self.pause_s
        return False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Learn from the block whether the server answers."""
        try:
            yield
        except self.failures:
            self._retry_at = time.monotonic() + self.pause_s
            raise
        self._retry_at = 0.0

    def reset(self) -> None:
        self._retry_at = 0.0
