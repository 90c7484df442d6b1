"""A web server of the tests' own, with the front over a small application."""

import http.client
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import psutil

from tests.support.desk import REPOSITORY
from tests.support.front_application import HEADERS_LIMIT_S
from tests.support.server_process import ServerProcess


class FrontServer(ServerProcess):
    """A Granian with the front, as `serve` starts it."""

    def command(self) -> Sequence[str | Path]:
        return [
            sys.executable, "-m", "granian", "--interface", "rsgi", "--http", "1", "--no-ws",
            "--http1-header-read-timeout", str(HEADERS_LIMIT_S * 1000), "--log-level", "error",
            "--working-dir", str(REPOSITORY), "--port", str(self.port),
            "--factory", "tests.support.front_application:front",
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        # Of no database: the settings only need an address.
        urls = dict.fromkeys(("DATABASE_URL", "REPLICA_DATABASE_URL"), "postgresql://x@y/z")
        own = {"DJANGO_SETTINGS_MODULE": "config.settings", "FRONT_FOLDER": str(self.folder)}
        return {**super().environment(), **urls, **own, "LOCAL_DIR": str(self.folder / "local")}

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/live", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open_connections(self) -> int:
        """Return how many connections the web process has, those that it has yet to close too."""
        assert self.process is not None
        web = psutil.Process(self.process.pid).children()[0]
        found = web.net_connections("tcp")
        return sum(one.status != psutil.CONN_LISTEN for one in found)

    def bodies(self) -> list[bytes]:
        """Return what the application has read, in order."""
        path = self.folder / "bodies"
        return path.read_bytes().splitlines() if path.exists() else []

    def has_started(self, name: str) -> bool:
        return (self.folder / f"started-{name}").exists()

    def has_ended(self, name: str) -> bool:
        return (self.folder / f"ended-{name}").exists()

    def release(self) -> None:
        """Let all requests go on that the application holds."""
        (self.folder / "release").touch()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def send(self, head: str, body: bytes = b"") -> socket.socket:
        """Open a connection, send a head of lines, and a body or the part of one."""
        connection = self.connect()
        lines = [*head.splitlines(), "Host: localhost", "", ""]
        connection.sendall("\r\n".join(lines).encode("latin-1") + body)
        return connection


def received(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read one answer; return status, headers in lower case, and body."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read()
