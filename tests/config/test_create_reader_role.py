"""The reader of a server of one's own, made by a role that is no superuser."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.support.desk import Desk, served_desk
from tests.support.servers import PrivatePostgres, private_postgres

pytestmark = pytest.mark.postgresql_version

PASSWORD = "s'ecret%20word"
PREPARE = """
CREATE ROLE projector LOGIN CREATEROLE PASSWORD 'p';
ALTER DATABASE desk_read OWNER TO projector;
ALTER SYSTEM SET log_statement = 'all';
SELECT pg_reload_conf();
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PrivatePostgres]:
    with private_postgres(Path(tempfile.mkdtemp(prefix="order-desk-"))) as postgres:
        with psycopg.connect(postgres.urls["replica"], autocommit=True) as connection:
            for statement in PREPARE.strip().split("\n"):
                connection.execute(statement)
        yield postgres


@pytest.fixture
def desk(server: PrivatePostgres) -> Iterator[Desk]:
    """Return a desk that is not started."""
    host = f"127.0.0.1:{server.port}"
    with served_desk(
        DATABASE_URL=server.url,
        REPLICA_DATABASE_URL=f"postgresql://shop_reader:s%27ecret%2520word@{host}/desk_read",
        REPLICA_WRITER_DATABASE_URL=f"postgresql://projector:p@{host}/desk_read",
    ) as desk:
        yield desk


def as_reader(server: PrivatePostgres) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1",
        port=server.port,
        user="shop_reader",
        password=PASSWORD,
        dbname="desk_read",
        autocommit=True,
    )


class TestCreateReaderRole:
    def test_makes_a_role_that_reads_also_what_comes_later_and_writes_nothing(
        self, desk: Desk, server: PrivatePostgres
    ):
        for _ in range(2):
            code, stdout, stderr = desk.run("create_reader_role")
            assert (code, stdout, stderr) == (0, "shop_reader can read desk_read\n", "")
        assert desk.run("migrate", "--database", "replica", "--verbosity", "0")[0] == 0
        with as_reader(server) as connection:
            assert connection.execute("SELECT count(*) FROM read_orders").fetchone() == (0,)
            connection.execute("SET default_transaction_read_only = off")
            for statement in ("DELETE FROM read_orders", "CREATE TABLE mine (id int)"):
                with pytest.raises(InsufficientPrivilege):
                    connection.execute(statement)

    def test_tells_the_password_neither_the_terminal_nor_the_servers_log(
        self, desk: Desk, server: PrivatePostgres
    ):
        code, stdout, stderr = desk.run("create_reader_role")
        assert code == 0
        log = server.log.read_text()
        assert "SCRAM-SHA-256$" in log  # the statement is there
        for text in (stdout, stderr, log):
            assert "ecret" not in text

    def test_says_when_the_role_can_connect_to_the_write_database(
        self, desk: Desk, server: PrivatePostgres
    ):
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("GRANT CONNECT ON DATABASE desk_write TO PUBLIC")
            _, _, stderr = desk.run("create_reader_role")
            connection.execute("REVOKE CONNECT ON DATABASE desk_write FROM PUBLIC")
        assert "REVOKE CONNECT ON DATABASE desk_write FROM PUBLIC" in stderr
        assert desk.run("create_reader_role")[2] == ""

    def test_refuses_without_a_role_of_its_own_for_reading(self, desk: Desk):
        for missing in ("", desk.environment["REPLICA_DATABASE_URL"]):
            code, stdout, stderr = desk.run(
                "create_reader_role", REPLICA_WRITER_DATABASE_URL=missing
            )
            assert (code, stdout) == (1, "")
            assert stderr.startswith("CommandError: Set REPLICA_DATABASE_URL to the reader's name")
