"""A disk that can be filled: a file system of its own for the data folder of a server."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from tests.support.servers import PrivatePostgres
from tests.support.templates import served_postgres

ROOM = 48 << 20  # bytes beside the data, for the server's start
FILLER = "filler"
WAL = "SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1000000))"
# Where no file system can be mounted: PostgreSQL itself says what it says of a full disk.
REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION refuse()
"""
WRITTEN = {"default": "cqrs_event", "replica": "read_orders"}


@contextmanager
def on_a_small_disk() -> Iterator[PrivatePostgres]:
    """Run PostgreSQL with the data of a served desk on a disk with little room."""
    folder = Path(tempfile.mkdtemp(prefix="order-desk-disk-"))
    with served_postgres() as server:
        server.stop()
        data = server.cluster.data
        used = sum(each.stat().st_blocks * 512 for each in data.rglob("*"))
        size = f"size={used + ROOM},mode=700,uid={server.account.uid},gid={server.account.gid}"
        mount = ["mount", "-t", "tmpfs", "-o", size, "desk", folder]
        is_mounted = os.geteuid() == 0 and subprocess.run(mount, check=False).returncode == 0
        try:
            if is_mounted:
                subprocess.run(["cp", "-aT", data, folder], check=True)
                data.rename(data.with_name("copied"))
                data.symlink_to(folder)
            server.start()
            yield server
        finally:
            server.stop()
            if is_mounted:
                subprocess.run(["umount", folder], check=True)
            folder.rmdir()


@contextmanager
def full(server: PrivatePostgres, alias: str, *, of_wal: bool = False) -> Iterator[None]:
    """Fill the disk of the server for the block; `of_wal`: so that the server has to end."""
    disk = server.cluster.data
    with psycopg.connect(server.urls[alias], autocommit=True) as connection:
        if not disk.is_symlink():
            connection.execute(REFUSE.format(table=WRITTEN[alias]))
        else:  # WAL has a segment to write to, as one that is recycled would be
            connection.execute("SELECT pg_switch_wal()")
            connection.execute("CHECKPOINT")
            _fill(disk / FILLER)
            if of_wal:
                with suppress(psycopg.OperationalError):
                    while True:
                        connection.execute(WAL)
    try:
        yield
    finally:
        if not disk.is_symlink():
            with psycopg.connect(server.urls[alias], autocommit=True) as connection:
                connection.execute("DROP FUNCTION refuse CASCADE")
        else:
            (disk / FILLER).unlink()


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass
