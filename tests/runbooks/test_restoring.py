"""The runbook restores in one transaction: no reader sees its middle."""

from concurrent.futures import ThreadPoolExecutor

import psycopg

from tests.runbooks.pages import attempt, blocks
from tests.support.backups import dumped
from tests.support.blocked import WAITING
from tests.support.desk import served_desk, wait_for
from tests.support.templates import served_postgres

RESTORE, *_ = blocks("restore-a-database")
CONSTRAINTS = "SELECT conname FROM pg_constraint ORDER BY conname"


class TestRestore:
    def test_shows_nothing_of_its_middle(self) -> None:
        """Look while it waits for the table of events: by then it has dropped foreign keys."""
        with (
            served_postgres() as server,
            served_desk() as desk,
            ThreadPoolExecutor(1) as pool,
            psycopg.connect(server.url, autocommit=True) as other,
            psycopg.connect(server.url) as reader,
        ):
            dumped(server.url, desk.folder / "default.dump")
            before = other.execute(CONSTRAINTS).fetchall()
            reader.execute("SELECT FROM cqrs_event")
            restored = pool.submit(attempt, RESTORE, desk, WRITE_URL=server.url)
            wait_for(lambda: other.execute(WAITING).fetchone() != (0,), 60)
            assert other.execute(CONSTRAINTS).fetchall() == before
            reader.rollback()
            assert restored.result().returncode == 0
