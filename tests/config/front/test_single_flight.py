"""Probes that come together, with real connections and over one request of a test's own."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from select import select
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from config.serve.front import single_flight
from config.serve.front.single_flight import Flight, SingleFlight
from tests.support.desk import wait_for
from tests.support.front_application import MAX_QUEUED
from tests.support.front_server import FrontServer, received

MANY = MAX_QUEUED + 50


@contextmanager
def probes(server: FrontServer, path: str, query: str = "hold") -> Iterator[list[socket.socket]]:
    """Send many at once, the first of which is held."""

    def send(number: int) -> socket.socket:
        head = f"GET {path}?{query} HTTP/1.1\nX-Request-Id: probe-{number}"
        return stack.enter_context(server.send(head))

    def first() -> socket.socket | None:  # not with the answer of an earlier test's probe
        connection = send(0)
        is_held = lambda: server.has_started(path.rpartition("/")[2])  # noqa: E731
        wait_for(lambda: is_held() or select([connection], [], [], 0)[0])
        return connection if is_held() else None

    with ExitStack() as stack:
        held = wait_for(first)
        yield [held, *(send(number) for number in range(1, MANY))]


class TestProbes:
    def test_that_come_together_are_one_request(self, server: FrontServer) -> None:
        with probes(server, "/health/ready") as sent:
            before = server.bodies()
            server.release()
            found = [received(each) for each in sent]
        assert {status for status, _, _ in found} == {200}
        assert [headers["x-request-id"] for _, headers, _ in found] == [
            f"probe-{number}" for number in range(MANY)
        ]
        assert len(server.bodies()) == len(before) + 1

    def test_of_one_address_do_not_wait_for_the_other(self, server: FrontServer) -> None:
        with probes(server, "/health/ready") as sent:
            assert httpx.get(f"{server.url}/health/startup").status_code == 200
            server.release()
            assert {received(each)[0] for each in sent} == {200}

    def test_go_on_when_their_first_client_leaves(self, server: FrontServer) -> None:
        with probes(server, "/health/ready") as (first, *others):
            first.close()
            server.release()
            assert {received(each)[0] for each in others} == {200}

    def test_of_a_request_that_fails_are_answered(self, server: FrontServer) -> None:
        with probes(server, "/health/startup", "hold&exit") as sent:
            server.release()
            assert {received(each)[0] for each in sent} == {500}
        wait_for(lambda: httpx.get(f"{server.url}/health/startup").status_code == 200)


class Client:
    """Notes what it gets."""

    def __init__(self) -> None:
        self.scope: Any = SimpleNamespace(
            path="/health/ready", headers={}, method="GET", query_string="", scheme="http",
            server="127.0.0.1:1", client="127.0.0.1:2", http_version="1.1",
        )  # fmt: skip
        self.answers: list[Any] = []

    def response_bytes(self, *answer: Any) -> None:
        self.answers.append(answer)

    async def ask(self, flights: SingleFlight) -> int:
        """Return the status."""
        await flights.answer(self.scope, self)
        return int(self.answers[-1][0])


class TestSingleFlight:
    @pytest.fixture
    def statuses(self) -> Iterator[int]:
        return iter(range(200, 300))

    def serving(self, statuses: Iterator[int]) -> Callable[[Any, Flight], Awaitable[None]]:
        async def serve(_: Any, flight: Flight) -> None:
            flight.response_bytes(next(statuses), [], b"")

        return serve

    def test_serves_an_answer_again_for_a_short_time(self, statuses: Iterator[int]) -> None:
        async def ask() -> list[int]:
            flights = SingleFlight(self.serving(statuses))
            return [await Client().ask(flights) for _ in range(3)]

        assert asyncio.run(ask()) == [200, 200, 200]

    def test_makes_a_new_request_later(
        self, statuses: Iterator[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(single_flight, "AGAIN_S", 0)

        async def ask() -> list[int]:
            flights, found = SingleFlight(self.serving(statuses)), []
            for _ in range(3):
                found.append(await Client().ask(flights))
                while flights.flights:
                    await asyncio.sleep(0)
            return found

        assert asyncio.run(ask()) == [200, 201, 202]
