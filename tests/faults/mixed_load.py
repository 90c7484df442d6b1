"""A steady mixed load, measured by phases, and what disturbs it."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg

from cqrs.messaging.ids import uuid7
from tests.faults.hammer import NEW, STARTED
from tests.support.desk import PASSWORD, REPOSITORY, Desk, order_body

READERS, WRITERS, PAUSE_S, LIVE_PAUSE_S = 3, 2, 0.03, 0.02


@dataclass
class Answer:
    """One request of the load: in which phase, how long it took, how it was answered."""

    kind: str
    phase: str
    seconds: float
    status: int
    code: str = ""


@dataclass
class MixedLoad:
    """Reads, writes and probes in threads of their own, until the block ends."""

    desk: Desk
    customer: str
    phase: str = "warm-up"
    answers: list[Answer] = field(default_factory=list)
    placed: list[str] = field(default_factory=list)
    """The ids of the orders that were answered 201."""
    projected: list[str] = field(default_factory=list)
    """The ids of some orders that can be read."""

    def __enter__(self) -> "MixedLoad":
        with self.desk.client() as client:
            self.bearer = {"Authorization": client.headers["Authorization"]}
        self._stop = threading.Event()
        self._errors: list[BaseException] = []
        self._threads = [
            *(self._thread(self._read) for _ in range(READERS)),
            *(self._thread(self._write) for _ in range(WRITERS)),
            self._thread(self._probe),
        ]
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        if self._errors:
            raise self._errors[0]

    def of(self, phase: str, *kinds: str) -> list[Answer]:
        return [each for each in self.answers if each.phase == phase and each.kind in kinds]

    def has(self, number: int, phase: str, *kinds: str) -> bool:
        """Say whether there are so many answers of each kind."""
        return all(len(self.of(phase, kind)) >= number for kind in (*kinds, "live"))

    def p99_ms(self, phase: str, *kinds: str) -> float:
        found = sorted(each.seconds for each in self.of(phase, *kinds))
        return found[len(found) * 99 // 100] * 1000

    def codes(self, phase: str) -> dict[str, int]:
        """Return how often each kind was answered how."""
        found: dict[str, int] = defaultdict(int)
        for each in self.answers:
            if each.phase == phase:
                found[f"{each.kind} {each.status} {each.code}".strip()] += 1
        return dict(sorted(found.items()))

    def _thread(self, act: Callable[[httpx.Client], None]) -> threading.Thread:
        thread = threading.Thread(target=self._run, args=(act,), daemon=True)
        thread.start()
        return thread

    def _run(self, act: Callable[[httpx.Client], None]) -> None:
        try:
            with httpx.Client(base_url=self.desk.url, headers=self.bearer, timeout=30) as client:
                while not self._stop.is_set():
                    act(client)
        except BaseException as error:  # noqa: BLE001  the block raises it
            self._errors.append(error)

    def _read(self, client: httpx.Client) -> None:
        paths = [f"/api/customers/{self.customer}/orders?page_size=20"]
        paths += [f"/api/orders/{order}" for order in self.projected]
        self._ask(client, "read", "GET", random.choice(paths))
        time.sleep(PAUSE_S)

    def _write(self, client: httpx.Client) -> None:
        key = {"Idempotency-Key": str(uuid7())}
        body = order_body(self.customer)
        answer = self._ask(client, "write", "POST", "/api/orders", json=body, headers=key)
        if answer is not None and answer.status_code == 201:
            self.placed.append(answer.json()["id"])
        time.sleep(PAUSE_S)

    def _probe(self, client: httpx.Client) -> None:
        self._ask(client, "live", "GET", "/health/live")
        time.sleep(LIVE_PAUSE_S)

    def _ask(
        self, client: httpx.Client, kind: str, method: str, path: str, **more: Any
    ) -> httpx.Response | None:
        phase, started = self.phase, time.monotonic()
        try:
            answer = client.request(method, path, **more)
        except httpx.TransportError as error:
            self._note(kind, phase, started, 0, type(error).__name__)
            return None
        is_problem = answer.headers.get("Content-Type") == "application/problem+json"
        code = answer.json()["code"] if is_problem else ""
        self._note(kind, phase, started, answer.status_code, code)
        return answer

    def _note(self, kind: str, phase: str, started: float, status: int, code: str) -> None:
        if phase == self.phase:  # what began in one phase and ended in another tells of neither
            seconds = time.monotonic() - started
            self.answers.append(Answer(kind, phase, seconds, status, code))


@contextmanager
def slow_bodies(desk: Desk, number: int = 200) -> Iterator[None]:
    """Clients that send half a body and wait; each that is refused is replaced."""
    request = b"POST /api/auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
    with _connected(desk, number, request):
        yield


@contextmanager
def slow_readers(desk: Desk, number: int = 50) -> Iterator[None]:
    """Clients that ask for the export and do not read it."""
    with desk.client() as client:
        bearer = client.headers["Authorization"]
    head = f"GET /api/orders.csv HTTP/1.1\r\nHost: localhost\r\nAuthorization: {bearer}\r\n\r\n"
    with _connected(desk, number, head.encode()):
        yield


@contextmanager
def held_customer(desk: Desk, customer: str, clients: int = 8) -> Iterator[dict[str, Any]]:
    """A row lock from outside, and clients that order for this customer without a pause."""
    with psycopg.connect(desk.database_url("default")) as holder:
        holder.execute("SELECT 1 FROM customers_customer WHERE id = %s FOR UPDATE", [customer])
        with _hammered(desk, clients, "/api/orders", order_body(customer)) as found:
            yield found
        holder.rollback()


@contextmanager
def logins(desk: Desk, clients: int = 16) -> Iterator[dict[str, Any]]:
    """Clients that try to log in with a new name each time."""
    login = {"username": NEW, "password": PASSWORD}
    with _hammered(desk, clients, "/api/auth/token", login) as found:
        yield found


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """Processes that exist and do nothing."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def _connected(desk: Desk, number: int, request: bytes) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(number):
            connection = socket.create_connection(("127.0.0.1", desk.port), timeout=30)
            stack.callback(connection.close)
            connection.sendall(request)
        yield


@contextmanager
def _hammered(desk: Desk, clients: int, path: str, body: Any) -> Iterator[dict[str, Any]]:
    """Let clients send a request all the time; yield what fills with how they were answered.

    They are another user than the load's: limits per user are theirs alone.
    """
    with desk.client("clerk") as client:
        headers = {
            "Authorization": client.headers["Authorization"],
            "Content-Type": "application/json",
        }
    spec = {"url": desk.url, "path": path, "headers": headers, "body": body}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.hammer", str(clients)],
        cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(spec) + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == STARTED
    found: dict[str, Any] = {}
    try:
        yield found
    finally:
        out, _ = process.communicate(timeout=60)
        found.update(json.loads(out))
