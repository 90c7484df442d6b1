"""A streaming standby of a benchmark's server, and when a committed row was visible on it."""

import shutil
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from benchmarks import programs
from benchmarks.databases import Databases
from benchmarks.servers import BenchPostgres, command
from config.database.embedded.account import server_account
from tests.support.servers import PrivateStandby

REPLAYED = "SELECT pg_last_xact_replay_timestamp() >= to_timestamp(%s)"
PATIENCE_S = 60.0


class BenchStandby(PrivateStandby):
    """Writes as carefully as the primary."""

    def command(self) -> Sequence[str | Path]:
        return command(self)


@contextmanager
def primary_and_standby() -> Iterator[tuple[BenchPostgres, BenchStandby]]:
    """Run two new servers, because a standby copies its whole primary: the large data sets too."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="order-desk-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        for name in ("primary", "standby"):
            (folder / name).mkdir()
            server_account().own(folder / name)
        primary = BenchPostgres(folder / "primary")
        stack.callback(primary.stop)
        primary.start()
        standby = BenchStandby(folder / "standby", primary)
        stack.callback(standby.stop)
        standby.start()
        yield primary, standby


def reading_from(standby: BenchStandby, data: Databases) -> Databases:
    """Let queries read from the standby, and projections write to the primary."""
    replica = standby.urls["replica"].rpartition("/")[0] + f"/{data.names[1]}"
    more = {"REPLICA_DATABASE_URL": replica, "REPLICA_WRITER_DATABASE_URL": data.read_url}
    return Databases(data.postgres, data.name, {**data.more, **more})


class Replay:
    """Tells when a transaction was visible on the standby, by its commit time on the primary."""

    def __init__(self, data: Databases) -> None:
        self.url = data.environment["REPLICA_DATABASE_URL"]
        self.process = programs.start("benchmarks.replay", data.environment, self.url)

    def finish(self, last: float) -> None:
        """Note until the transaction of this commit time is replayed, and no longer."""
        deadline = time.monotonic() + PATIENCE_S
        with psycopg.connect(self.url, autocommit=True) as connection:
            while connection.execute(REPLAYED, [last]).fetchone() != (True,):
                if time.monotonic() > deadline:
                    raise programs.Failed("the standby does not follow")
                time.sleep(0.05)
        noted = programs.finish(self.process)["noted"]
        self.at, self.replayed = zip(*noted, strict=True)

    def seen(self, committed: float) -> float:
        return float(self.at[bisect_left(self.replayed, committed)])
