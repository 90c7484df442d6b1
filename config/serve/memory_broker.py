"""Celery's broker in the memory of one process, whose consumers sleep until there is a task.

kombu's own looks for tasks again and again: a hundred times a second to start one within 10 ms, and
each look takes the interpreter from a thread that answers a request.
"""

import threading
import time
from queue import Empty
from typing import Any

from kombu.transport import memory


class Signal:
    """Counts events; a thread can wait for the next one."""

    def __init__(self) -> None:
        self.number = 0
        self._changed = threading.Condition()

    def send(self) -> None:
        with self._changed:
            self.number += 1
            self._changed.notify_all()

    def wait(self, seen: int, timeout_s: float | None) -> bool:
        """Return True as soon as there are more than `seen`, False after the time."""
        with self._changed:
            return self._changed.wait_for(lambda: self.number > seen, timeout_s)


deliverable = Signal()
"""Sent when a consumer may find a message that it could not take before."""


class Channel(memory.Channel):
    def _put(self, queue: str, message: Any, **options: Any) -> None:
        super()._put(queue, message, **options)
        deliverable.send()

    # A consumer with as many messages as it may hold can take another one.

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        super().basic_ack(delivery_tag, multiple)
        deliverable.send()

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        super().basic_reject(delivery_tag, requeue)
        deliverable.send()


class Transport(memory.Transport):
    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **options: Any) -> None:
        """Deliver one message. Raises `TimeoutError` when there is none within the time."""
        consumers: Any = self.cycle
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            seen = deliverable.number
            try:
                consumers.get(self._deliver, timeout=timeout)
            except Empty:
                left_s = None if deadline is None else deadline - time.monotonic()
                if not deliverable.wait(seen, left_s):
                    raise TimeoutError from None
            else:
                return
