"""A complete request on its way: in the queue, in a thread, answered."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from config.serve.front import refusals
from config.serve.front.shares import PROBES, share_of
from cqrs.messaging.context import Caller

if TYPE_CHECKING:
    from config.serve.front.front import Front

WAITING_HEADERS = ("prefer", "x-consistency-token")
"""A request with one of these may wait in its thread for the read side."""
WATCH_AFTER_S = 0.05
"""Most reads leave the queue sooner, and need nothing that watches their client."""
REFUSED = (429, 503)
"""A client that repeats such an answer at once would take the processors from the others."""


def is_sent_late(status: int, share: str) -> bool:
    """Return whether the client has to wait for such an answer. A probe has not."""
    return status in REFUSED and share != PROBES


class Request(Caller):
    """One request. The loop owns it, and the thread that answers it between `start` and `done`."""

    def __init__(self, front: "Front", scope: Any, protocol: Any, body: bytes) -> None:
        self.front, self.scope, self.protocol, self.body = front, scope, protocol, body
        self.share = share_of(scope.method, scope.path)
        self.arrived_at = time.monotonic()
        self.delayed: Callable[[], None] | None = None
        self.answered = front.loop.create_future()
        self.timer: asyncio.TimerHandle | None = None
        self.watch: asyncio.Task[None] | None = None
        self.is_left = self.has_left_share = False

    def start(self) -> None:
        """Take a thread: called on the loop, or in the thread that becomes free."""
        self.front.threads.submit(self)

    # On the loop.

    def wait(self) -> None:
        """Wait in the queue: be refused when the limit is over, or dropped without a client."""
        limit_s = self.front.queue_limit_s
        first_s = min(WATCH_AFTER_S, limit_s)
        self.timer = self.front.loop.call_later(first_s, self._wait_on, limit_s - first_s)
        if self.share != "reads":
            self.watch_client()  # what it would change must not change without a client

    def _wait_on(self, limit_s: float) -> None:
        if self.front.shares.is_queued(self):
            self.watch_client()
            self.timer = self.front.loop.call_later(limit_s, self._refuse)

    def may_wait(self) -> bool:
        """Return whether it may wait in its thread."""
        headers = self.scope.headers
        return any(name in headers for name in WAITING_HEADERS)

    def watch_client(self) -> None:
        """Notice from now on that the client leaves."""
        if self.watch is None:
            self.watch = self.front.loop.create_task(self._watch_client())

    async def _watch_client(self) -> None:
        await self.protocol.client_disconnect()
        self.is_left = True
        self._withdraw()

    def _refuse(self) -> None:
        if self._withdraw():
            refusals.BUSY.answer(self.scope, self.protocol)

    def _withdraw(self) -> bool:
        """Complete it without a thread; return False when it has one."""
        is_out = self.front.shares.withdraw(self)
        if is_out:
            self.complete()
        return is_out

    def _delay(self, send: Callable[[], None]) -> None:
        left_s = self.arrived_at + self.front.refusal_delay_s - time.monotonic()
        self.timer = self.front.loop.call_later(left_s, self._send_delayed, send)

    def _send_delayed(self, send: Callable[[], None]) -> None:
        send()
        self.complete()

    def complete(self) -> None:
        """Let its coroutine end."""
        self.front.unfinished -= 1
        if not self.answered.done():
            self.answered.set_result(None)

    def forget(self) -> None:
        """End what waits on the loop for it."""
        for waiting in (self.timer, self.watch):
            if waiting is not None:
                waiting.cancel()

    # In its thread.

    def has_left(self) -> bool:
        return self.is_left

    def leave_share(self) -> None:
        if not self.has_left_share:
            self.has_left_share = True
            self.front.shares.leave(self.share)

    def send(self, status: int, send: Callable[[], None]) -> None:
        """Send the answer now; let the loop send a refusal when its delay is over."""
        if is_sent_late(status, self.share):
            self.delayed = send
        else:
            send()

    def done(self) -> None:
        """Free the thread."""
        self.front.shares.finish(self.share, holds_place=not self.has_left_share)
        if self.delayed is None:
            self.front.finished.append(self)
        else:
            self.front.loop.call_soon_threadsafe(self._delay, self.delayed)
