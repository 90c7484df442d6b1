"""Answer the probes of one address that come together by one request: single flight.

A look at all dependencies takes a second while one of them hangs. If each probe made its own look,
the next one would have to wait for it, and a few clients could take the process out of service.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from config.serve.front.environ import wsgi_environ
from cqrs.http.middleware import ids_of

AGAIN_S = 0.2
"""How long a finished answer is still given to new probes."""
ID_HEADER = "X-Request-Id"

Answer = tuple[int, list[tuple[str, str]], bytes]


class Flight:
    """Takes the place of a request's connection: its answer is for each client that waits."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.answer: asyncio.Future[Answer | None] = loop.create_future()
        self.task: asyncio.Task[None] | None = None

    def response_bytes(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        """Take the answer, from any thread."""
        self.loop.call_soon_threadsafe(self.end, (status, headers, content))

    def end(self, answer: Answer | None = None) -> None:
        """Give the clients the answer. Without one, for a request that failed, they get a 500."""
        if not self.answer.done():
            self.answer.set_result(answer)

    async def client_disconnect(self) -> None:
        """Never return: one client that leaves is not all of them."""
        await self.loop.create_future()


class SingleFlight:
    """Makes one request at a time for each address, and answers all its clients with it."""

    def __init__(self, serve: Callable[[Any, Flight], Awaitable[None]]) -> None:
        self.serve = serve
        self.flights: dict[str, Flight] = {}

    async def answer(self, scope: Any, protocol: Any) -> None:
        """Answer by the request that is on its way, or has just ended; else by a new one."""
        flight = self.flights.get(scope.path)
        is_first = flight is None
        if flight is None:
            flight = self._start(scope)
        if (found := await asyncio.shield(flight.answer)) is None:
            return  # and the server answers 500
        status, headers, content = found
        protocol.response_bytes(status, headers if is_first else _own(headers, scope), content)

    def _start(self, scope: Any) -> Flight:
        loop = asyncio.get_running_loop()
        self.flights[scope.path] = flight = Flight(loop)
        flight.task = loop.create_task(self._fly(scope, flight))
        return flight

    async def _fly(self, scope: Any, flight: Flight) -> None:
        try:
            await self.serve(scope, flight)
        finally:
            flight.loop.call_soon(flight.end)  # after an answer that is on its way to the loop
            flight.loop.call_later(AGAIN_S, self.flights.pop, scope.path)


def _own(headers: list[tuple[str, str]], scope: Any) -> list[tuple[str, str]]:
    """Return the headers with the id of this request."""
    others = [header for header in headers if header[0] != ID_HEADER]
    return [*others, (ID_HEADER, ids_of(wsgi_environ(scope, b"")).request_id)]
