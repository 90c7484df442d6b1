"""Orders that are placed over HTTP, each once, whatever happens to the desk meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from cqrs.messaging.ids import uuid7
from tests.support.desk import Desk, order_body, registered


def place(desk: Desk, count: int) -> list[str]:
    """Place orders of one new customer; return their ids."""
    with desk.client() as api:
        customer = registered(api, f"{uuid7()}@example.com")
        return [_placed(api, customer) for _ in range(count)]


def _placed(api: httpx.Client, customer: str) -> str:
    answer = api.post("/api/orders", json=order_body(customer))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


class Placing:
    """Places orders in a thread. A request without an answer is repeated with its key."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.placed: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._error: BaseException | None = None

    def _run(self) -> None:
        try:
            with self.desk.client() as api:
                customer = registered(api, f"{uuid7()}@example.com")
                while not self._stop.is_set():
                    self.placed.append(self._place(api, customer))
        except BaseException as error:  # noqa: BLE001  raised at the end of the block
            self._error = error

    def _place(self, api: httpx.Client, customer: str) -> str:
        key = {"Idempotency-Key": str(uuid7())}
        while True:
            try:
                answer = api.post("/api/orders", json=order_body(customer), headers=key)
            except httpx.TransportError:
                self._stop.wait(0.05)
                continue
            if answer.status_code == 503 or answer.status_code == 409:
                continue
            assert answer.status_code == 201, answer.text
            return str(answer.json()["id"])


@contextmanager
def placing(desk: Desk) -> Iterator[Placing]:
    """Place orders while the block runs."""
    found = Placing(desk)
    found._thread.start()
    try:
        yield found
    finally:
        found._stop.set()
        found._thread.join(60)
        if found._error:
            raise found._error
