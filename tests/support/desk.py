"""A served order desk of a test's own: `manage.py serve` in a folder of its own, and its clients.

It can be stopped, killed with everything it started, and started again over the same data.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from config.database.databases import VARIABLES
from config.database.embedded import postmaster
from config.database.embedded.account import server_account
from config.database.embedded.cluster import Cluster
from config.database.embedded.home import ROOT_HOMES
from config.database.embedded.ports import free_port
from config.database.embedded.postgres import DATABASES, administrator_url, role_urls
from tests.support.scenarios import ADDRESS

REPOSITORY = Path(__file__).resolve().parents[2]
PASSWORD = "a password for the demo users"
THROTTLES = ("THROTTLE_READ", "THROTTLE_WRITE", "THROTTLE_LOGIN", "THROTTLE_LOGIN_ADDRESS")
OWNERS_FIRST = {
    "default": ("migration", "default"),
    "replica": ("replica_migration", "replica_writer", "replica"),
}
READY_S = 90.0
LOGIN_S = 60.0  # how long a login is used again; its token lives for 900 s
WAIT_S, STOP_S = 60.0, 60.0
FULL_COUNTS = os.environ.get("FAULT_COUNTS") == "full"


class Desk:
    """The desk over one folder. Every start gets `environment`."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = environment
        self.process: subprocess.Popen[bytes] | None = None
        self.running_with: dict[str, str] = {}
        self._logins: dict[str, tuple[float, str]] = {}

    def start(self, **environment: str) -> None:
        """Return when it is ready. One that runs already in this environment is left alone."""
        if self.process is not None and self.process.poll() is None:
            if self.running_with == environment:
                return
            self.stop()
        self.running_with = environment
        with (self.folder / "serve.log").open("ab") as log:
            self.process = self.manage("serve", stdout=log, stderr=log, **environment)
        self._wait_until_ready()

    def manage(
        self, *arguments: str, stdout: Any = None, stderr: Any = None, **environment: str
    ) -> subprocess.Popen[bytes]:
        """Begin a management command in the desk's environment and a session of its own."""
        return subprocess.Popen(
            [sys.executable, str(REPOSITORY / "manage.py"), *arguments],
            env=self.environment_of_commands(**environment),
            cwd=self.folder,  # nothing may depend on the current folder
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if stdout is None else stdout,
            stderr=subprocess.PIPE if stderr is None else stderr,
            start_new_session=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Run a management command to its end; return exit code, stdout and stderr."""
        process = self.manage(*arguments, **environment)
        stdout, stderr = process.communicate(timeout=READY_S)
        return process.returncode, stdout.decode(), stderr.decode()

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_S)

    def kill_everything(self) -> None:
        """Kill every process of it at once, the private PostgreSQL included."""
        found = self.processes()
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.suspend()  # so that none of them sees another one's end
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if self.process is not None:
            self.process.wait(STOP_S)
        psutil.wait_procs(found, STOP_S)

    def processes(self) -> list[psutil.Process]:
        """Return what it has started and what is still there of it."""
        roots = [self.process.pid] if self.process is not None else []
        if running := postmaster.find(self.cluster.data):
            roots.append(running.pid)
        found: list[psutil.Process] = []
        for root in roots:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(root)
                found += [process, *process.children(recursive=True)]
        return [process for process in found if _is_alive(process)]

    @property
    def cluster(self) -> Cluster:
        local = self.folder / "local"
        is_elsewhere = (local / "id").exists()
        home = ROOT_HOMES / (local / "id").read_text() if is_elsewhere else local
        return Cluster(home, server_account())

    def sql(self, alias: str, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Return what a database answers."""
        with self._connect(alias) as connection:
            return connection.execute(statement, parameters or None).fetchall()

    def execute(self, alias: str, statement: str) -> None:
        with self._connect(alias) as connection:
            connection.execute(statement)

    def _connect(self, alias: str) -> psycopg.Connection:
        """Connect to the primary, also where the URL names its standbys."""
        return psycopg.connect(self.database_url(alias), target_session_attrs="read-write")

    def database_url(self, alias: str) -> str:
        """Return the address with the credentials of an owner or administrator."""
        names = [VARIABLES[use] for use in OWNERS_FIRST[alias]]
        if given := [self.environment[name] for name in names if name in self.environment]:
            return given[0]
        state = self.cluster.state()
        assert state.port is not None
        return administrator_url(state.port, state).rpartition("/")[0] + f"/{DATABASES[alias]}"

    @property
    def variables(self) -> dict[str, str]:
        """What a process finds in its environment that uses the private databases."""
        state = self.cluster.state()
        assert state.port is not None
        return {VARIABLES[use]: url for use, url in role_urls(state.port, state).items()}

    def client(self, user: str = "admin") -> httpx.Client:
        """Return a client that is logged in."""
        bearer = {"Authorization": f"Bearer {self._access(user)}"}
        return httpx.Client(base_url=self.url, headers=bearer, timeout=30)

    def _access(self, user: str) -> str:
        """Return a token, of an earlier login if there was one lately: each hashes a password."""
        since, access = self._logins.get(user, (-LOGIN_S, ""))
        if time.monotonic() - since >= LOGIN_S:
            answer = wait_for(lambda: self._login(user))
            assert answer.status_code == 200, answer.text
            access = str(answer.json()["access"])
            self._logins[user] = time.monotonic(), access
        return access

    def _login(self, user: str) -> httpx.Response | None:
        """Return the answer; None while too many others log in, or the database is lost."""
        login = {"username": user, "password": PASSWORD}
        answer = httpx.post(f"{self.url}/api/auth/token", json=login, timeout=30)
        return None if answer.status_code == 503 else answer

    @property
    def log(self) -> str:
        path = self.folder / "serve.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        while not self._is_ready():
            assert self.process is not None
            assert self.process.poll() is None, f"serve has ended: {self.log[-2000:]}"
            assert time.monotonic() < deadline, f"serve is not ready: {self.log[-2000:]}"
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def environment_of_commands(self, **more: str) -> dict[str, str]:
        """Return what a process of this desk finds in its environment."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {
            **inherited,
            "DJANGO_SETTINGS_MODULE": "tests.support.served_settings",
            "LOCAL_DIR": str(self.folder / "local"),
            "PORT": str(self.port),
            "DEMO_PASSWORD": PASSWORD,
            "END_WITH_PARENT": "1",  # also when the tests are killed
            **dict.fromkeys(THROTTLES, ""),
            **self.environment,
            **more,
        }


@contextmanager
def served_desk(**environment: str) -> Iterator[Desk]:
    """Yield a desk that is not started yet; leave nothing of it behind."""
    folder = Path(tempfile.mkdtemp(prefix="order-desk-served-"))
    folder.chmod(0o755)  # the private PostgreSQL of root runs as another account
    desk = Desk(folder, **environment)
    try:
        yield desk
    finally:
        desk.kill_everything()
        shutil.rmtree(desk.cluster.home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(condition: Any, limit_s: float = WAIT_S) -> Any:
    """Return the first true answer of the condition.

    The limit is there to end a test that fails: a busy machine must not reach it.
    """
    deadline, pause_s = time.monotonic() + limit_s, 0.01
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {limit_s:g} s"
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.1)  # to look costs the processor that others wait for
    return answer


def order_body(customer_id: str, **changes: Any) -> dict[str, Any]:
    """Return an order for a product that has no stock row."""
    item = {
        "product_id": "0b8a2e0e-8f0c-4d3a-9d0c-2f4d3f1c7a11",
        "product_name": "Desk",
        "quantity": 2,
        "unit_price": "149.90",
    }
    return {
        "customer_id": customer_id,
        "items": [item],
        "shipping_address": ADDRESS,
        **changes,
    }


def registered(client: httpx.Client, email: str) -> str:
    """Register a customer and return the id."""
    answer = client.post("/api/customers", json={"name": "Ada Example", "email": email})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
