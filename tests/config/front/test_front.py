"""The front of the web server, with real connections."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from select import select
from typing import Any

import httpx
import orjson
import psutil
import pytest

from tests.support.desk import wait_for
from tests.support.front_application import (
    BIG_BYTES,
    MAX_BODY_BYTES,
    MAX_QUEUED,
    REFUSAL_DELAY_S,
    THREADS,
)
from tests.support.front_server import FrontServer, received

HALF_BODY = "POST /echo HTTP/1.1\nContent-Length: 100"
QUICK_S = 0.9
"""Less than every limit of the server: what comes within it has waited for none."""


@contextmanager
def connections(server: FrontServer, number: int, head: str, body: bytes = b"") -> Iterator[Any]:
    """Send the same request over this many connections."""
    with ExitStack() as stack:
        yield [stack.enter_context(server.send(head, body)) for _ in range(number)]


@contextmanager
def held(server: FrontServer, *requests: str) -> Iterator[list[socket.socket]]:
    """Let the application hold these requests, given as method and path."""
    with ExitStack() as stack:
        found = []
        for line in requests:
            found.append(stack.enter_context(server.send(f"{line} HTTP/1.1")))
            name = line.rpartition("/")[2]
            wait_for(partial(server.has_started, name))
        yield found
        server.release()
        for connection in found:
            assert received(connection)[0] == 200


def problem(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    """Return status and code of a refusal, after checking its form."""
    status, headers, body = answer
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-request-id"]
    assert ("retry-after" in headers) == (status == 503)
    document = orjson.loads(body)
    assert document["status"] == status
    return status, document["code"]


class TestBody:
    def test_arrives_whole(self, server: FrontServer) -> None:
        answer = httpx.post(f"{server.url}/echo", content=b"x" * MAX_BODY_BYTES)
        assert answer.content == b"x" * MAX_BODY_BYTES

    def test_arrives_whole_in_chunks(self, server: FrontServer) -> None:
        head = "POST /echo HTTP/1.1\nTransfer-Encoding: chunked"
        with server.send(head, b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") as connection:
            assert received(connection)[2] == b"abcde"

    def test_in_chunks_has_a_length(self, server: FrontServer) -> None:
        answer = httpx.post(f"{server.url}/environ", content=iter([b"abc", b"de"]))
        environ = answer.json()
        assert environ["CONTENT_LENGTH"] == "5"
        assert "HTTP_TRANSFER_ENCODING" not in environ

    def test_that_does_not_come_is_refused(self, server: FrontServer) -> None:
        with server.send(HALF_BODY, b"half") as connection:
            assert problem(received(connection)) == (408, "request_timeout")
        assert server.bodies() == []

    def test_that_drips_is_refused(self, server: FrontServer) -> None:
        with server.send(HALF_BODY) as connection, pytest.raises(ConnectionError):  # noqa: PT012
            while True:
                connection.sendall(b"x")
                time.sleep(0.2)  # the pace of the client
        assert server.bodies() == []

    @pytest.mark.parametrize(
        ("head", "body"),
        [
            (f"POST /echo HTTP/1.1\nContent-Length: {MAX_BODY_BYTES + 1}", b""),
            ("POST /echo HTTP/1.1\nTransfer-Encoding: chunked",
             b"%x\r\n%b\r\n" % (MAX_BODY_BYTES + 1, b"x" * (MAX_BODY_BYTES + 1))),
        ],
        ids=["known", "chunked"],
    )  # fmt: skip
    def test_that_is_too_large_is_refused_at_once(
        self, server: FrontServer, head: str, body: bytes
    ) -> None:
        started = time.monotonic()
        with server.send(head, body) as connection:
            assert problem(received(connection)) == (413, "too_large")
        assert time.monotonic() - started < QUICK_S
        assert server.bodies() == []

    @pytest.mark.parametrize(
        ("head", "body"),
        [
            (HALF_BODY, b"{}"),
            ("POST /echo HTTP/1.1\nTransfer-Encoding: chunked", b"2\r\n{}\r\n"),
        ],
        ids=["known", "chunked"],
    )
    def test_of_a_client_that_leaves_does_not_run(
        self, server: FrontServer, head: str, body: bytes
    ) -> None:
        server.send(head, body).close()
        httpx.post(f"{server.url}/echo", content=b"the next")
        assert server.bodies() == [b"the next"]

    def test_of_200_slow_clients_costs_the_others_nothing(self, server: FrontServer) -> None:
        with connections(server, 200, HALF_BODY, b"half") as slow:
            started = time.monotonic()
            assert httpx.get(f"{server.url}/health/live").json() == {"status": "ok"}
            assert httpx.post(f"{server.url}/echo", content=b"a whole one").status_code == 200
            assert time.monotonic() - started < QUICK_S
            assert {problem(received(one)) for one in slow} == {(408, "request_timeout")}

    def test_of_many_slow_clients_cannot_fill_the_memory(self, server: FrontServer) -> None:
        head = f"POST /echo HTTP/1.1\nContent-Length: {MAX_BODY_BYTES}"
        with connections(server, 70, head, b"half") as slow:
            found = [problem(received(one)) for one in slow]
        assert found.count((503, "busy")) == 70 - 64 * 1024 * 1024 // MAX_BODY_BYTES
        assert found.count((408, "request_timeout")) == 64 * 1024 * 1024 // MAX_BODY_BYTES


class TestHead:
    def test_that_does_not_come_closes_the_connection(self, server: FrontServer) -> None:
        with server.connect() as connection:
            connection.sendall(b"GET /echo HTT")
            assert connection.recv(100) == b""

    def test_without_a_request_closes_the_connection(self, server: FrontServer) -> None:
        with server.connect() as connection:
            assert connection.recv(100) == b""


class TestQueue:
    WRITES = ("POST /hold/1", "POST /hold/2")

    def test_refuses_when_no_thread_comes_free(self, server: FrontServer) -> None:
        with held(server, *self.WRITES), server.send("POST /hold/3 HTTP/1.1") as third:
            assert problem(received(third)) == (503, "busy")
            assert not server.has_started("3")

    def test_runs_what_waits_as_soon_as_a_thread_is_free(self, server: FrontServer) -> None:
        with held(server, *self.WRITES), server.send("POST /hold/3 HTTP/1.1") as third:
            server.release()
            assert received(third)[0] == 200

    def test_lets_other_shares_and_probes_go_on(self, server: FrontServer) -> None:
        with held(server, *self.WRITES, "GET /hold/3", "GET /hold/4"):
            started = time.monotonic()
            assert httpx.get(f"{server.url}/health/live").status_code == 200
            assert httpx.get(f"{server.url}/health/ready").status_code == 200
            assert time.monotonic() - started < QUICK_S

    def test_does_not_start_what_a_client_has_left(self, server: FrontServer) -> None:
        with held(server, *self.WRITES):
            open_before = server.open_connections()
            with server.send("POST /hold/3 HTTP/1.1"):
                wait_for(lambda: server.open_connections() > open_before)
            wait_for(lambda: server.open_connections() == open_before)
        httpx.get(f"{server.url}/echo")
        assert not server.has_started("3")

    def test_gives_the_place_of_one_that_waits_to_another(self, server: FrontServer) -> None:
        with held(server, "POST /wait/1", "POST /hold/2", "POST /hold/3"):
            assert server.has_started("3")

    def test_tells_a_waiting_request_that_its_client_has_left(self, server: FrontServer) -> None:
        connection = server.send("POST /wait/1 HTTP/1.1\nPrefer: wait=20")
        wait_for(lambda: server.has_started("1"))
        assert not server.has_ended("1")
        connection.close()
        wait_for(lambda: server.has_ended("1"))


class TestAnswer:
    def test_keeps_headers_that_come_twice(self, server: FrontServer) -> None:
        answer = httpx.get(f"{server.url}/echo")
        assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
        assert answer.headers["x-answer"] == "yes"

    def test_is_closed(self, server: FrontServer) -> None:
        httpx.get(f"{server.url}/echo")
        wait_for((server.folder / "closed").exists)

    def test_can_be_a_file(self, server: FrontServer) -> None:
        assert httpx.get(f"{server.url}/file").content == b"the whole file"

    def test_can_be_a_part_of_a_file(self, server: FrontServer) -> None:
        assert httpx.get(f"{server.url}/part").content == b"a part"

    def test_that_is_not_read_holds_no_thread_and_no_memory(self, server: FrontServer) -> None:
        assert server.process is not None
        process = psutil.Process(server.process.pid).children()[0]
        before = process.memory_info().rss
        with connections(server, 30, "GET /big HTTP/1.1"):
            for _ in range(5):
                assert httpx.get(f"{server.url}/echo", timeout=QUICK_S).status_code == 200
            assert process.memory_info().rss - before < BIG_BYTES
            # The clients do not close them: the operating system gives them up.
            wait_for(lambda: "ESTABLISHED" not in {one.status for one in process.net_connections()})


class TestEnvironment:
    def environ(self, server: FrontServer, head: str) -> dict[str, str]:
        with server.send(head) as connection:
            found: dict[str, str] = orjson.loads(received(connection)[2])
        return found

    def test_has_the_parts_of_the_request(self, server: FrontServer) -> None:
        found = self.environ(server, "GET /environ/%C3%A9%20x?a=%20b HTTP/1.1\nX-One: 1")
        assert found["PATH_INFO"].encode("latin-1").decode() == "/environ/é x"
        assert found["QUERY_STRING"] == "a=%20b"
        assert found["HTTP_X_ONE"] == "1"
        assert found["REMOTE_ADDR"] == "127.0.0.1"
        assert found["SERVER_PORT"] == str(server.port)
        assert found["SERVER_PROTOCOL"] == "HTTP/1.1"
        assert found["HTTP_HOST"] == "localhost"

    def test_lacks_headers_with_underscores(self, server: FrontServer) -> None:
        found = self.environ(server, "GET /environ HTTP/1.1\nX_Forwarded_For: 1.2.3.4")
        assert "HTTP_X_FORWARDED_FOR" not in found

    def test_joins_headers_that_come_twice(self, server: FrontServer) -> None:
        found = self.environ(
            server, "GET /environ HTTP/1.1\nX-One: 1\nX-One: 2\nCookie: a=1\nCookie: b=2"
        )
        assert (found["HTTP_X_ONE"], found["HTTP_COOKIE"]) == ("1,2", "a=1; b=2")

    def test_shows_that_a_header_is_not_ascii(self, server: FrontServer) -> None:
        found = self.environ(server, "GET /environ HTTP/1.1\nIdempotency-Key: schl\u00fcssel")
        assert found["HTTP_IDEMPOTENCY_KEY"] == "\x7f"


class TestRefusal:
    def test_is_sent_late_and_holds_no_thread(self, server: FrontServer) -> None:
        # Twenty for two threads: those that had to wait for one would get the front's own refusal.
        started = time.monotonic()
        with connections(server, 20, "POST /writes/refuse HTTP/1.1") as refused:
            assert {received(each)[::2] for each in refused} == {(503, b"refused")}
        assert time.monotonic() - started >= REFUSAL_DELAY_S

    def test_of_a_full_queue_is_sent_late(self, server: FrontServer) -> None:
        with held(server, *TestQueue.WRITES):
            started = time.monotonic()
            with connections(server, MAX_QUEUED + 10, "POST /echo HTTP/1.1") as refused:
                select(refused, [], [])
                assert time.monotonic() - started > QUICK_S
                assert {problem(received(each)) for each in refused} == {(503, "busy")}

    def test_for_want_of_memory_is_sent_late(self, server: FrontServer) -> None:
        head = f"POST /echo HTTP/1.1\nContent-Length: {MAX_BODY_BYTES}"
        started = time.monotonic()
        with connections(server, 70, head, b"half") as refused:
            select(refused, [], [])
            assert time.monotonic() - started > QUICK_S
            assert (503, "busy") in [problem(received(each)) for each in refused]

    def test_leaves_the_connection_open(self, server: FrontServer) -> None:
        with httpx.Client(base_url=server.url) as client:
            assert client.post("/writes/refuse").status_code == 503
            assert client.post("/echo", content=b"next").content == b"next"

    def test_of_a_probe_is_sent_at_once(self, server: FrontServer) -> None:
        def refused() -> bool:  # at first it may get the answer of an earlier test's probe
            return httpx.get(f"{server.url}/health/ready?refuse").content == b"refused"

        started = time.monotonic()
        wait_for(refused)
        assert time.monotonic() - started < QUICK_S


class TestThread:
    def test_outlives_what_is_no_exception(self, server: FrontServer) -> None:
        before = server.log.read_text().count("request_failed")
        answers = [httpx.post(f"{server.url}/echo?exit") for _ in range(2 * THREADS)]
        assert {each.status_code for each in answers} == {500}
        assert httpx.post(f"{server.url}/echo").status_code == 200
        assert server.log.read_text().count("request_failed") == before + 2 * THREADS
