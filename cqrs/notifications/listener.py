"""Receive what projections of all processes announce, in a thread of this process.

A lost announcement, or a standby, where LISTEN is impossible, costs a waiting read some polling.
"""

import threading
import time

import psycopg
import redis
import structlog

from cqrs.notifications import channel
from cqrs.notifications.changes import Change
from cqrs.notifications.signals import change_received

RECONNECT_S = 1.0

log = structlog.get_logger("cqrs.notifications")


class AppliedListener:
    """Sends `change_received` and counts announcements. Its thread starts at the first use."""

    def __init__(self) -> None:
        self.messages = 0
        self._is_connected = False
        self._alive_at = 0.0  # time.monotonic()
        self._arrived = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def is_listening(self) -> bool:
        """Whether announcements arrive: not if the server has been silent for some seconds."""
        is_alive = time.monotonic() < self._alive_at + channel.SILENCE_S
        return self._is_connected and is_alive

    def wait(self, messages: int, timeout_s: float) -> None:
        """Return when more than `messages` announcements have come, or the time is up."""
        self.listen()
        with self._arrived:
            self._arrived.wait_for(lambda: self.messages > messages, timeout_s)

    def listen(self) -> None:
        """Start the listening thread unless it runs. Returns at once."""
        if self._thread is not None:
            return
        with self._arrived:
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
                self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                for text in channel.messages(self._note_alive):
                    self._receive(text)
            except (redis.RedisError, psycopg.Error) as error:
                log.info("listener_disconnected", reason=type(error).__name__)
            except Exception:  # a receiver's bug must not end the thread: it is not started again
                log.exception("listener_failed")
            self._is_connected = False
            time.sleep(RECONNECT_S)

    def _receive(self, text: str | None) -> None:
        changes = [None] if text is None else [Change.read(line) for line in text.split("\n")]
        for change in changes:
            change_received.send(sender=AppliedListener, change=change)
        if text is None:
            self._note_alive()
        self._is_connected = True
        with self._arrived:
            self.messages += 1
            self._arrived.notify_all()

    def _note_alive(self) -> None:
        self._alive_at = time.monotonic()


listener = AppliedListener()
