"""Take each request on the server's loop; lend it a thread when it is complete and its turn."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

from config.serve.front import refusals
from config.serve.front.bodies import Aborted, Bodies, NoMemory, TooLarge, TooSlow
from config.serve.front.shares import Shares, share_of
from config.serve.front.sockets import limit_sending
from config.serve.front.threads import Threads
from cqrs.messaging.context import Caller

LIVE = "/health/live"
ALIVE = ([("content-type", "application/json"), ("cache-control", "no-store")], b'{"status": "ok"}')
WAITING_HEADERS = ("prefer", "x-consistency-token")
"""A request with one of these may wait in its thread for the read side."""
WATCH_AFTER_S = 0.05
"""Most requests leave the queue sooner, and need nothing that watches their client."""
COMPLETION_S = 0.05


class Front:
    """An RSGI application around a WSGI application.

    https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md
    """

    def __init__(
        self,
        application: Any,
        *,
        threads: int,
        shares: Mapping[str, int],
        max_body_bytes: int,
        body_limit_s: float,
        queue_limit_s: float,
        send_limit_s: float,
    ) -> None:
        self.application, self.number_of_threads = application, threads
        self.queue_limit_s, self.send_limit_s = queue_limit_s, send_limit_s
        self.shares = Shares(threads, shares)
        self.bodies = Bodies(max_body_bytes, body_limit_s)
        self.finished: deque[Request] = deque()
        self.unfinished = 0
        self.completion: asyncio.TimerHandle | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        limit_sending(loop, self.send_limit_s)
        # One more for probes, which have a share of their own.
        self.threads = Threads(self.application, self.number_of_threads + 1, loop)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if scope.path == LIVE and scope.method in ("GET", "HEAD"):
            protocol.response_bytes(200, *ALIVE)
            return
        try:
            body = await self.bodies.read(scope, protocol)
        except TooLarge:
            refusals.TOO_LARGE.answer(scope, protocol)
        except TooSlow:
            refusals.TOO_SLOW.answer(scope, protocol)
        except NoMemory:
            refusals.OUT_OF_MEMORY.answer(scope, protocol)
        except Aborted:
            pass
        else:
            await self._serve(Request(self, scope, protocol, body))

    async def _serve(self, request: "Request") -> None:
        self._complete_finished()
        if not self.shares.admit(request):
            refusals.BUSY.answer(request.scope, request.protocol)
            return
        self.unfinished += 1
        self._complete_later()
        if request.may_wait():
            request.watch_client()
        try:
            await request.answered
        finally:
            request.forget()

    def _complete_finished(self) -> None:
        """Let the coroutines of answered requests end.

        Mostly the next request does it: to wake the loop for each answer costs as much as the rest
        of the front.
        """
        while self.finished:
            self.finished.popleft().complete()

    def _complete_later(self) -> None:
        if self.completion is None:
            self.completion = self.loop.call_later(COMPLETION_S, self._complete_due)

    def _complete_due(self) -> None:
        self.completion = None
        self._complete_finished()
        if self.unfinished:
            self._complete_later()


class Request(Caller):
    """A complete request on its way: in the queue, in a thread, answered."""

    def __init__(self, front: Front, scope: Any, protocol: Any, body: bytes) -> None:
        self.front, self.scope, self.protocol, self.body = front, scope, protocol, body
        self.share = share_of(scope.method, scope.path)
        self.answered = front.loop.create_future()
        self.timer: asyncio.TimerHandle | None = None
        self.watch: asyncio.Task[None] | None = None
        self.is_left = self.has_left_share = False

    def start(self) -> None:
        """Take a thread: called on the loop, or in the thread that becomes free."""
        self.front.threads.submit(self.scope, self.protocol, self.body, self, self._done)

    # On the loop.

    def wait(self) -> None:
        """Wait in the queue: be refused when the limit is over, or dropped without a client."""
        limit_s = self.front.queue_limit_s
        first_s = min(WATCH_AFTER_S, limit_s)
        self.timer = self.front.loop.call_later(first_s, self._wait_on, limit_s - first_s)

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

    def _done(self) -> None:
        self.front.shares.finish(self.share, holds_place=not self.has_left_share)
        self.front.finished.append(self)
