"""One HTTP connection that stays open.

By the standard library: fast enough for thousands of requests a second, and no package more.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import orjson

TIMEOUT_S = 60  # above every limit of the server
IDLE_S = 3  # before the server, or a proxy, closes an idle connection


class Unreachable(Exception):
    """The server was not reached, or the connection broke before its answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes
    ms: float

    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def label(self) -> str:
        """Return the status, and the code of a problem document: `409 out_of_stock`."""
        return f"{self.status} {self._code()}".strip() if self.status >= 400 else str(self.status)

    def _code(self) -> str:
        if self.headers.get("Content-Type") != "application/problem+json":
            return ""
        return str(self.json().get("code", ""))


class Connection:
    """Sends one request after the other; connects when it has to."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        connect = HTTPSConnection if secure else HTTPConnection
        self._http = connect(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        self._prefix = parts.path.rstrip("/")
        self._used_at = 0.0

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """Return the answer, whatever its status. Raises `Unreachable`."""
        if time.monotonic() - self._used_at > IDLE_S:
            self.close()
        begun = time.perf_counter()
        try:
            self._http.request(method, self._prefix + path, body, dict(headers))
            response = self._http.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            self.close()
            raise Unreachable(type(error).__name__) from error
        self._used_at = time.monotonic()
        return Answer(
            response.status, response.headers, content, (time.perf_counter() - begun) * 1000
        )

    def close(self) -> None:
        self._http.close()
