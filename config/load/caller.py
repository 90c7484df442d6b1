"""Send requests as a client should: wait when the server asks for it, repeat by the same key."""

import threading
from uuid import uuid4

import orjson

from config.load.connection import Answer, Connection, Unreachable
from config.load.login import Login, LoginRefused
from config.load.record import Record

LAG, RETRY_AFTER, TOKEN = "X-Read-Lag-Ms", "Retry-After", "X-Consistency-Token"
RECONNECT_S = 0.5
# What the rules of the desk answer, and a read side that may be old: no error.
REFUSALS = {"404 not_found", "409 out_of_stock", "409 unknown_product"}
# The same request again, by the same key, finds out.
UNDECIDED = {"409 idempotency_in_progress", "503 outcome_unknown"}


class Stopped(Exception):
    """The run is over, and the request got no final answer."""


class Caller:
    """One user's way to the server. What comes of each request goes into the record."""

    def __init__(self, url: str, login: Login, stop: threading.Event) -> None:
        self.record = Record()
        self._connection = Connection(url)
        self._login, self._stop = login, stop

    def get(self, kind: str, path: str, **headers: str) -> Answer:
        """Return the answer to a read. Raises `Stopped`."""
        answer = self._call(kind, "GET", path, headers, None)
        if lag := answer.headers.get(LAG):
            self.record.read_lag.add(float(lag))
        return answer

    def send(
        self, kind: str, path: str, body: object, *, method: str = "POST", key: str = ""
    ) -> Answer:
        """Return the answer to a command, which has an idempotency key. Raises `Stopped`."""
        headers = {"Idempotency-Key": key or str(uuid4()), "Content-Type": "application/json"}
        return self._call(kind, method, path, headers, orjson.dumps(body))

    def close(self) -> None:
        self._connection.close()

    def _call(
        self, kind: str, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> Answer:
        while True:
            try:
                headers["Authorization"] = self._login.bearer(self._connection)
                answer = self._connection.request(method, path, headers, body)
            except LoginRefused as refused:
                answer = refused.answer
            except Unreachable as error:
                self.record.errors[f"{kind}: {error}"] += 1
                self._pause(RECONNECT_S)
                continue
            if (pause_s := self._asks_to_wait_s(answer)) is None:
                self._note(kind, answer)
                return answer
            self.record.retried[answer.label] += 1
            self._pause(pause_s)

    def _asks_to_wait_s(self, answer: Answer) -> float | None:
        """Return the seconds after which the request is to be repeated; None when it is not."""
        if answer.status in (429, 503) and RETRY_AFTER in answer.headers:
            return float(answer.headers[RETRY_AFTER])
        return RECONNECT_S if answer.label in UNDECIDED else None

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Stopped

    def _note(self, kind: str, answer: Answer) -> None:
        label = answer.label
        self.record.kinds[kind].add(answer.ms)
        self.record.answers[label] += 1
        if label in REFUSALS:
            self.record.refusals[f"{kind}: {label}"] += 1
        elif answer.status >= 400:
            self.record.errors[f"{kind}: {label}"] += 1
