"""The load's user: one login for all threads, whose token is renewed before it ends."""

import math
import threading
import time

import orjson

from config.load.connection import Answer, Connection

RENEW_S = 600  # a token lives for 900
JSON = {"Content-Type": "application/json"}


class LoginRefused(Exception):
    """The server gave no token; its answer says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"logging in was answered {answer.label}")
        self.answer = answer


class Login:
    """Logs in at its first use. Raises `LoginRefused` and `Unreachable`."""

    def __init__(self, username: str, password: str) -> None:
        self._credentials = {"username": username, "password": password}
        self._lock = threading.Lock()
        self._since, self._bearer = -math.inf, ""

    def bearer(self, connection: Connection) -> str:
        """Return the value of `Authorization`, of a new login where the last one is old."""
        with self._lock:
            if time.monotonic() - self._since > RENEW_S:
                self._bearer = f"Bearer {self._access(connection)}"
                self._since = time.monotonic()
            return self._bearer

    def _access(self, connection: Connection) -> str:
        body = orjson.dumps(self._credentials)
        answer = connection.request("POST", "/api/auth/token", JSON, body)
        if answer.status != 200:
            raise LoginRefused(answer)
        return str(answer.json()["access"])
