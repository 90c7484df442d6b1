"""Take each request on the server's loop; lend it a thread when it is complete and its turn."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

from config.serve.front import occupancy, refusals
from config.serve.front.bodies import Aborted, Bodies, NoMemory, TooLarge, TooSlow
from config.serve.front.request import Request, is_sent_late
from config.serve.front.shares import OWN_THREADS, PROBE_METHODS, PROBE_PATHS, Shares, share_of
from config.serve.front.single_flight import Flight, SingleFlight
from config.serve.front.sockets import limit_sending
from config.serve.front.threads import Threads

LIVE = "/health/live"
ALIVE = ([("content-type", "application/json"), ("cache-control", "no-store")], b'{"status": "ok"}')
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
        refusal_delay_s: float,
    ) -> None:
        self.application, self.number_of_threads = application, threads
        self.queue_limit_s, self.send_limit_s = queue_limit_s, send_limit_s
        self.refusal_delay_s = refusal_delay_s
        self.shares = Shares(threads, shares)
        self.bodies = Bodies(max_body_bytes, body_limit_s)
        self.probes = SingleFlight(self._probe)
        self.finished: deque[Request] = deque()
        self.unfinished = 0
        self.completion: asyncio.TimerHandle | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        limit_sending(loop, self.send_limit_s)
        self._observe()
        number = self.number_of_threads + sum(OWN_THREADS.values())
        self.threads = Threads(self.application, number, loop)

    def _observe(self) -> None:
        """Report the shares again and again: to do it at each request would cost each."""
        occupancy.observe(self.shares)
        self.loop.call_later(occupancy.EVERY_S, self._observe)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if scope.path == LIVE and scope.method in PROBE_METHODS:
            protocol.response_bytes(200, *ALIVE)
            return
        if scope.path in PROBE_PATHS and scope.method in PROBE_METHODS:
            await self.probes.answer(scope, protocol)
            return
        # No variable for the body, nor for an exception that holds a part of it: a refusal is sent
        # late, and holds the connection alone until then.
        try:
            refusal = await self._serve(
                Request(self, scope, protocol, await self.bodies.read(scope, protocol))
            )
        except TooLarge:
            refusal = refusals.TOO_LARGE
        except TooSlow:
            refusal = refusals.TOO_SLOW
        except NoMemory:
            refusal = refusals.OUT_OF_MEMORY
        except Aborted:
            return
        if refusal is not None:
            await self._refuse(refusal, scope, protocol)

    async def _probe(self, scope: Any, flight: Flight) -> None:
        if (refusal := await self._serve(Request(self, scope, flight, b""))) is not None:
            refusal.answer(scope, flight)

    async def _refuse(self, refusal: refusals.Refusal, scope: Any, protocol: Any) -> None:
        if is_sent_late(refusal.status, share_of(scope.method, scope.path)):
            await asyncio.sleep(self.refusal_delay_s)
        refusal.answer(scope, protocol)

    async def _serve(self, request: Request) -> refusals.Refusal | None:
        """Return when it is answered, or with the reason to refuse it."""
        self._complete_finished()
        if not self.shares.admit(request):
            return refusals.BUSY
        self.unfinished += 1
        self._complete_later()
        if request.may_wait():
            request.watch_client()
        try:
            await request.answered
        finally:
            request.forget()
        return None

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
