"""The servers that the benchmarks measure on: a private PostgreSQL that keeps its data, and Redis.

Unlike the tests' PostgreSQL this one writes as carefully as a production server (`fsync` and
`synchronous_commit` are on). It is kept between runs, because a million orders take minutes.
"""

import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from config.database.embedded.account import server_account
from config.database.embedded.binaries import find_binaries
from config.database.embedded.cluster import Cluster, create
from config.environment import BASE_DIR
from tests.support.server_process import ServerProcess
from tests.support.servers import PrivatePostgres

# Room enough that neither a checkpoint nor the disk decides a ratio. The rest is PostgreSQL's
# default: fsync, full_page_writes, synchronous_commit and autovacuum are on.
SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "maintenance_work_mem": "256MB",
    "work_mem": "64MB",
    "wal_level": "logical",  # as the private PostgreSQL of the product has it
    "track_commit_timestamp": "on",  # tells when a row became visible
}


def command(server: PrivatePostgres) -> Sequence[str | Path]:
    """Return how to start a server with these settings."""
    options = [word for pair in SETTINGS.items() for word in ("-c", "=".join(pair))]
    return [server.binaries["postgres"], "-D", server.cluster.data, "-p", str(server.port),
            *options]  # fmt: skip


class BenchPostgres(PrivatePostgres):
    """PostgreSQL over a folder that stays; ends with the process that started it."""

    orphan_signal = signal.SIGINT

    def __init__(self, folder: Path) -> None:
        self.account = server_account()
        ServerProcess.__init__(self, folder)
        self.cluster = Cluster(folder, self.account)
        self.binaries = find_binaries(folder, self.account, self.cluster.major)
        if self.cluster.major is None:
            create(self.cluster, self.binaries)

    def command(self) -> Sequence[str | Path]:
        return command(self)

    def url_of(self, database: str) -> str:
        return f"{self.url.rpartition('/')[0]}/{database}"


@contextmanager
def running_postgres() -> Iterator[BenchPostgres]:
    """Run it over `BENCH_DIR`, which keeps the loaded databases for the next time."""
    postgres = BenchPostgres(_folder())
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.stop()


def _folder() -> Path:
    """Return where PostgreSQL's account can reach: below a private home it cannot."""
    folder = Path(os.environ.get("BENCH_DIR", BASE_DIR / ".local" / "bench")).resolve()
    closed = any(not parent.stat().st_mode & 0o001 for parent in folder.parents if parent.exists())
    if server_account().is_other and closed:
        folder = Path(tempfile.gettempdir()) / f"order-desk-bench-{os.getuid()}"
    folder.mkdir(parents=True, exist_ok=True)
    server_account().own(folder)
    return folder
