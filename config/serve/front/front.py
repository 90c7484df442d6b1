"""Take each request on the server's loop; lend it a thread when it is complete and its turn."""

import asyncio
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
        if not self.shares.admit(request):
            refusals.BUSY.answer(request.scope, request.protocol)
            return
        watch = None
        if request.may_wait():
            watch = self.loop.create_task(request.watch_client())
        try:
            await request.answered
        finally:
            if watch is not None:
                watch.cancel()


class Request(Caller):
    """A complete request on its way: in the queue, in a thread, answered."""

    def __init__(self, front: Front, scope: Any, protocol: Any, body: bytes) -> None:
        self.front, self.scope, self.protocol, self.body = front, scope, protocol, body
        self.share = share_of(scope.method, scope.path)
        self.answered = front.loop.create_future()
        self.timer: asyncio.TimerHandle | None = None
        self.is_left = self.has_left_share = False

    # On the loop.

    def start(self) -> None:
        """Take a thread."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.front.threads.submit(self.scope, self.protocol, self.body, self, self._done)

    def wait(self) -> None:
        """Wait in the queue, and be refused when the limit is over."""
        self.timer = self.front.loop.call_later(self.front.queue_limit_s, self._refuse)

    def may_wait(self) -> bool:
        """Return whether it waits, or may wait in its thread."""
        headers = self.scope.headers
        return self.timer is not None or any(name in headers for name in WAITING_HEADERS)

    async def watch_client(self) -> None:
        """Notice that the client leaves; then a request in the queue does not start."""
        await self.protocol.client_disconnect()
        self.is_left = True
        if self.timer is not None:
            self._drop()

    def _refuse(self) -> None:
        refusals.BUSY.answer(self.scope, self.protocol)
        self._drop()

    def _drop(self) -> None:
        assert self.timer is not None  # noqa: S101  it is in the queue
        self.timer.cancel()
        self.timer = None
        self.front.shares.withdraw(self)
        self.answered.set_result(None)

    def _finish(self) -> None:
        self.front.shares.finish(self.share, holds_place=not self.has_left_share)
        if not self.answered.done():
            self.answered.set_result(None)

    def _leave(self) -> None:
        if not self.has_left_share:
            self.has_left_share = True
            self.front.shares.leave(self.share)

    # In its thread.

    def has_left(self) -> bool:
        return self.is_left

    def leave_share(self) -> None:
        self.front.loop.call_soon_threadsafe(self._leave)

    def _done(self) -> None:
        self.front.loop.call_soon_threadsafe(self._finish)
