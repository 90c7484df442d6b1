"""Web servers under measurement: the product's own and, on the same Granian, its rivals'."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from benchmarks import programs
from benchmarks.databases import Databases
from config.database.embedded.ports import free_port
from config.environment import BASE_DIR

CONNECTIONS = 8
THREADS = int(os.environ.get("WEB_THREADS", "8"))  # the product reads it too
PASSWORD = "bench"
# A load generator is one user: let it count, but never stop it.
UNLIMITED = dict.fromkeys(("THROTTLE_READ", "THROTTLE_WRITE"), "1000000000/min")
START_S = 60


@dataclass
class Web:
    """A server that answers, and the headers that it wants to be asked with."""

    port: int
    process: "subprocess.Popen[bytes]"
    headers: dict[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    cpu_ms: list[float] = field(default_factory=list)
    """Per load, what a request took of the server's processes: other work hardly changes it."""

    def load(
        self, requests: Sequence[Mapping[str, Any]], seconds: float, status: int = 200, **more: Any
    ) -> dict[str, Any]:
        """Load it from another process and return what that measured; errors are failures."""
        spec = {"host": self.host, "port": self.port, "headers": self.headers, "status": status,
                "connections": CONNECTIONS, "warm_up_s": 1.0, "seconds": seconds,
                "requests": list(requests), **more}  # fmt: skip
        before = self._cpu_s()
        process = programs.start("benchmarks.load_generator", {"PATH": ""})
        found = programs.finish(process, json.dumps(spec))
        if found["errors"]:
            raise programs.Failed(f"{found['errors']} requests were not answered {status}")
        self.cpu_ms.append((self._cpu_s() - before) * 1000 / found["answered"])
        return found

    def _cpu_s(self) -> float:
        own = psutil.Process(self.process.pid)
        times = [one.cpu_times() for one in (own, *own.children(recursive=True))]
        return float(sum(time.user + time.system for time in times))

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of one answer."""
        return self.send("GET", path, None, **headers)

    def send(
        self, method: str, path: str, body: Any, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        data = None if body is None else json.dumps(body).encode()
        sent = {**self.headers, "Content-Type": "application/json", **headers}
        url = f"http://{self.host}:{self.port}{path}"
        request = urllib.request.Request(url, data=data, headers=sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()


@contextmanager
def product(
    databases: Databases, *, worker: bool = True, caching: bool = False, **more: str
) -> Iterator[Web]:
    """Serve the product as `make run` does, everything on, without its demo data.

    Without `caching` every answer is made anew, also one that was given before.
    """
    if not caching:
        more["DJANGO_SETTINGS_MODULE"] = "benchmarks.product.settings_without_caching"
    port = free_port()
    environment = {**databases.environment, **UNLIMITED, "PORT": str(port),
                   "DEMO_PASSWORD": PASSWORD, "WORKER": str(int(worker)), **more}  # fmt: skip
    command = [sys.executable, "-m", "benchmarks.product.serve"]
    with _running(command, environment, port, "/health/ready") as web:
        login = {"username": "admin", "password": PASSWORD}
        _, _, body = web.send("POST", "/api/auth/token", login)
        web.headers["Authorization"] = f"Bearer {json.loads(body)['access']}"
        yield web


@contextmanager
def rival(application: str, databases: Databases, ready: str = "/ready") -> Iterator[Web]:
    """Serve a rival's WSGI application with the product's server and number of threads."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1",
               "--port", str(port), "--workers", "1", "--blocking-threads", str(THREADS),
               "--blocking-threads-idle-timeout", "600", "--log-level", "error",
               f"benchmarks.rivals.{application}:application"]  # fmt: skip
    with _running(command, databases.environment, port, ready) as web:
        yield web


@contextmanager
def _running(
    command: Sequence[str], environment: Mapping[str, str], port: int, ready: str
) -> Iterator[Web]:
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="order-desk-bench-"))
        log = Path(folder) / "web.log"
        out = stack.enter_context(log.open("wb"))
        own = {**environment, "LOCAL_DIR": folder}  # one folder serves once
        process = subprocess.Popen(command, env=own, cwd=BASE_DIR, stdout=out, stderr=out)
        stack.callback(process.wait, 30)
        stack.callback(process.terminate)
        web = Web(port, process)
        _wait(web, ready, log)
        yield web


def cpu_note(product: Web, other: Web) -> str:
    """Say what a request takes of the two servers' processors."""
    return f"CPU {median(product.cpu_ms):.2f} : {median(other.cpu_ms):.2f} ms"


def _wait(web: Web, path: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while web.process.poll() is None and time.monotonic() < deadline:
        try:
            if web.get(path)[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise programs.Failed(f"no web server: {log.read_text()[-2000:]}")
