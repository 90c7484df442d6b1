"""What the load makes of each answer: waits, repeats by the same key, or counts an error."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest

from config.load.caller import Caller, Stopped
from config.load.login import Login

TOKEN = (200, {}, {"access": "a"})
FINE = (200, {"X-Read-Lag-Ms": "7"}, {})
BROKEN = (0, {}, {})


class Server:
    """Gives its answers in turn, and notes the idempotency keys that it was asked with."""

    def __init__(self, *answers: tuple[int, dict[str, str], dict[str, str]]) -> None:
        self.answers = iter([TOKEN, *answers])
        self.keys: list[str | None] = []
        self.url = ""

    @contextmanager
    def served(self) -> Iterator["Server"]:
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path != "/api/auth/token":
                    script.keys.append(self.headers.get("Idempotency-Key"))
                status, headers, body = next(script.answers)
                if not status:
                    self.close_connection = True
                    return
                content = orjson.dumps(body)
                self.send_response(status)
                kind = "application/problem+json" if status >= 400 else "application/json"
                named = {"Content-Type": kind, "Content-Length": str(len(content)), **headers}
                for name, value in named.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


@contextmanager
def calling(
    *answers: tuple[int, dict[str, str], dict[str, str]],
) -> Iterator[tuple[Caller, Server]]:
    with Server(*answers).served() as server:
        caller = Caller(server.url, Login("admin", "password"), threading.Event())
        yield caller, server
        caller.close()


def problem(status: int, code: str, **headers: str) -> tuple[int, dict[str, str], dict[str, str]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, {"code": code}


class TestCaller:
    def test_counts_what_was_answered_and_the_lag(self):
        with calling(FINE) as (caller, _):
            assert caller.get("order", "/").status == 200
        assert caller.record.kinds["order"].counts.total() == 1
        assert caller.record.answers == {"200": 1}
        assert caller.record.read_lag.percentile(50) == pytest.approx(7, rel=0.02)

    @pytest.mark.parametrize(
        "asking",
        [
            problem(429, "throttled", Retry_After="0"),
            problem(503, "busy", Retry_After="0"),
            problem(503, "outcome_unknown", Retry_After="0"),
            problem(409, "idempotency_in_progress"),
        ],
    )
    def test_repeats_by_the_same_key_what_is_not_decided(
        self, asking: tuple[int, dict[str, str], dict[str, str]]
    ):
        with calling(asking, FINE) as (caller, server):
            assert caller.send("create order", "/", {}).status == 200
        assert caller.record.retried == {f"{asking[0]} {asking[2]['code']}": 1}
        assert caller.record.errors == {}
        assert caller.record.answers == {"200": 1}
        assert len(server.keys) == 2
        assert len(set(server.keys)) == 1

    def test_counts_a_refusal_by_a_rule_apart_from_errors(self):
        with calling(problem(409, "out_of_stock")) as (caller, _):
            assert caller.send("create order", "/", {}).status == 409
        assert caller.record.refusals == {"create order: 409 out_of_stock": 1}
        assert caller.record.errors == {}

    @pytest.mark.parametrize(
        "wrong",
        [
            problem(500, "error"),
            problem(503, "busy"),
            problem(400, "invalid"),
            problem(401, "not_authenticated"),
            problem(409, "invalid_transition"),
        ],
    )
    def test_counts_everything_else_as_an_error(
        self, wrong: tuple[int, dict[str, str], dict[str, str]]
    ):
        with calling(wrong) as (caller, _):
            caller.send("ship", "/", {})
        assert caller.record.errors == {f"ship: {wrong[0]} {wrong[2]['code']}": 1}

    def test_counts_a_broken_connection_as_an_error_and_repeats_by_the_same_key(self):
        with calling(BROKEN, FINE) as (caller, server):
            assert caller.send("ship", "/", {}).status == 200
        assert caller.record.errors == {"ship: RemoteDisconnected": 1}
        assert len(set(server.keys)) == 1

    def test_does_not_wait_longer_than_the_run(self):
        with calling(problem(503, "busy", Retry_After="3600")) as (caller, _):
            caller._stop.set()
            with pytest.raises(Stopped):
                caller.get("order", "/")
