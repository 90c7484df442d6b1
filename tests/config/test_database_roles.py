"""The roles of a server of one's own, made by an administrator and checked by the owners."""

import json
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.support.desk import Desk, served_desk
from tests.support.servers import PrivatePostgres, private_postgres

pytestmark = pytest.mark.postgresql_version

USES = {
    "DATABASE_URL": ("shop_web", "shop"),
    "REPLICA_DATABASE_URL": ("shop_reader", "shop_read"),
    "REPLICA_WRITER_DATABASE_URL": ("shop_projector", "shop_read"),
    "MIGRATION_DATABASE_URL": ("shop_owner", "shop"),
    "REPLICA_MIGRATION_DATABASE_URL": ("shop_owner", "shop_read"),
    "CDC_DATABASE_URL": ("shop_capture", "shop"),
}
# What must be noticed, and what is said of it.
TAMPERED = {
    "GRANT UPDATE (data) ON cqrs_event TO shop_web": (
        "role shop_web: has UPDATE on table cqrs_event in shop"
    ),
    "GRANT TRUNCATE ON orders_order TO shop_web": (
        "role shop_web: has TRUNCATE on table orders_order in shop"
    ),
    "REVOKE INSERT ON orders_order FROM shop_web": (
        "role shop_web: lacks INSERT on table orders_order in shop"
    ),
    "GRANT CREATE ON SCHEMA public TO shop_web": (
        "role shop_web: has CREATE on schema public in shop"
    ),
    "GRANT TEMPORARY ON DATABASE shop TO shop_web": (
        "role shop_web: has TEMPORARY on database shop in shop"
    ),
    "GRANT EXECUTE ON FUNCTION lo_create(oid) TO shop_web": (
        "role shop_web: has EXECUTE on function lo_create(oid) in shop"
    ),
    "ALTER TABLE cqrs_event OWNER TO shop_web": (
        "table cqrs_event: owned by shop_web, not by shop_owner"
    ),
    "ALTER ROLE shop_web CREATEDB": "role shop_web: CREATEDB",
    "ALTER ROLE shop_capture NOREPLICATION": "role shop_capture: no REPLICATION",
    "GRANT SELECT ON orders_order TO shop_capture": (
        "role shop_capture: has SELECT on table orders_order in shop"
    ),
}
# The same of what others may have meant: the command leaves it.
FOREIGN = {
    "GRANT pg_monitor TO shop_web": "role shop_web: is a member of pg_monitor",
    "GRANT CONNECT ON DATABASE postgres TO shop_reader": (
        "role shop_reader: has CONNECT on database postgres in shop_read"
    ),
}


@pytest.fixture(scope="module")
def server() -> Iterator[PrivatePostgres]:
    with private_postgres(Path(tempfile.mkdtemp(prefix="order-desk-"))) as postgres:
        with as_administrator(postgres) as connection:
            connection.execute("ALTER SYSTEM SET log_statement = 'all'")
            connection.execute("SELECT pg_reload_conf()")
        yield postgres


@pytest.fixture(scope="module")
def desk(server: PrivatePostgres) -> Iterator[Desk]:
    """Return a desk that is not started, whose databases have their tables and roles."""
    host = f"127.0.0.1:{server.port}"
    urls = {
        name: f"postgresql://{role}:s%27ecret%2520{role}@{host}/{database}"
        for name, (role, database) in USES.items()
    }
    with served_desk(**urls, ADMIN_DATABASE_URL=server.url) as desk:
        assert desk.run("roles") == (0, "The roles have their rights\n", "")
        for alias in ("default", "replica"):
            assert desk.run("migrate", "--database", alias, "--verbosity", "0")[0] == 0
        yield desk


def as_administrator(server: PrivatePostgres, database: str = "desk_write") -> psycopg.Connection:
    return psycopg.connect(server.url, dbname=database, autocommit=True)


def as_role(desk: Desk, name: str) -> psycopg.Connection:
    return psycopg.connect(desk.environment[name], autocommit=True)


def checked(desk: Desk) -> tuple[int, list[str]]:
    code, stdout, _ = desk.run("roles", "--check", "--json")
    return code, json.loads(stdout)


def refused(connection: psycopg.Connection, statement: str) -> bool:
    try:
        connection.execute(statement)
    except InsufficientPrivilege:
        return True
    return False


class TestRoles:
    def test_have_the_rights_that_the_check_expects(self, desk: Desk):
        assert checked(desk) == (0, [])

    def test_are_printed_as_sql_that_psql_can_run_again(self, desk: Desk):
        code, script, _ = desk.run("roles", "--sql")
        assert code == 0
        assert "ecret" not in script
        assert 'CREATE ROLE "shop_web" LOGIN' in script

    def test_let_the_web_change_rows_and_no_past(self, desk: Desk):
        with as_role(desk, "DATABASE_URL") as web:
            allowed = ("DELETE FROM orders_order", "SELECT FROM cqrs_event")
            assert [refused(web, statement) for statement in allowed] == [False, False]
            for statement in (
                "UPDATE cqrs_event SET type = type",
                "DELETE FROM cqrs_event",
                "DELETE FROM cqrs_feed",
                "TRUNCATE orders_order",
                "DELETE FROM django_migrations",
                "DROP TABLE orders_order",
                "ALTER TABLE orders_order DROP COLUMN status",
                "CREATE TABLE mine (id int)",
                "CREATE TEMPORARY TABLE mine (id int)",
                "CREATE SCHEMA mine",
                "SELECT lo_create(0)",
                "SELECT lo_from_bytea(0, 'x')",
                "CREATE ROLE mine",
                "SET ROLE shop_owner",
                "COPY orders_order TO PROGRAM 'cat'",
            ):
                assert refused(web, statement), statement

    def test_let_the_reader_read_also_what_a_rebuild_makes_and_nothing_else(self, desk: Desk):
        assert desk.run("projections", "rebuild", "orders")[0] == 0
        with as_role(desk, "REPLICA_DATABASE_URL") as reader:
            assert reader.execute("SELECT count(*) FROM read_orders").fetchone() == (0,)
            reader.execute("SET default_transaction_read_only = off")
            for statement in (
                "DELETE FROM read_orders",
                "CREATE TABLE mine (id int)",
                "CREATE TEMPORARY TABLE mine (id int)",
                "SELECT lo_creat(-1)",
                "SELECT nextval('cqrs_projections_checkpoint_id_seq')",
            ):
                assert refused(reader, statement), statement
        assert checked(desk) == (0, [])

    def test_enter_no_other_database(self, desk: Desk, server: PrivatePostgres):
        with as_administrator(server) as connection:
            found = connection.execute("SELECT datname FROM pg_database WHERE datallowconn")
            others = {database for (database,) in found} - {"shop", "shop_read"}
        assert others == {"postgres", "template1", "desk_write", "desk_read"}
        for name, database in product(USES, others):
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(desk.environment[name], dbname=database)

    def test_keep_their_passwords_from_the_servers_log(self, desk: Desk, server: PrivatePostgres):
        log = server.log.read_text()
        assert "SCRAM-SHA-256$" in log  # the statement is there
        assert "ecret" not in log


class TestCheck:
    def test_names_each_difference_and_the_command_mends_what_is_the_desks(
        self, desk: Desk, server: PrivatePostgres
    ):
        with as_administrator(server, "shop") as connection:
            for statement in (*TAMPERED, *FOREIGN):
                connection.execute(statement)
            code, stdout, _ = desk.run("roles", "--check")
            assert code == 1
            assert {*TAMPERED.values(), *FOREIGN.values()} <= set(stdout.splitlines())
            assert desk.run("roles")[0] == 0
            assert checked(desk) == (1, list(FOREIGN.values()))
            for statement in FOREIGN:
                connection.execute(statement.replace("GRANT", "REVOKE").replace(" TO ", " FROM "))
        assert checked(desk) == (0, [])

    def test_refuses_one_role_for_several_uses(self, desk: Desk):
        own = desk.environment["DATABASE_URL"]
        code, _, stderr = desk.run("roles", "--check", MIGRATION_DATABASE_URL=own)
        assert code == 1
        assert stderr.startswith("CommandError: Each use of the databases needs a role of its own")
        code, _, stderr = desk.run("roles", "--sql", REPLICA_WRITER_DATABASE_URL="")
        assert code == 1
        assert stderr.startswith("CommandError: Set REPLICA_DATABASE_URL to the reader")


class TestOwner:
    def test_must_be_of_the_same_database(self, desk: Desk):
        other = desk.environment["MIGRATION_DATABASE_URL"].replace("/shop", "/elsewhere")
        code, _, stderr = desk.run("check", MIGRATION_DATABASE_URL=other)
        assert code == 1
        assert "MIGRATION_DATABASE_URL: name the database of DATABASE_URL" in stderr

    def test_empties_what_others_may_not(self, desk: Desk):
        for alias in ("default", "replica"):
            code, _, stderr = desk.run("flush", "--database", alias, "--no-input")
            assert code == 0, stderr
        assert checked(desk) == (0, [])

    def test_alone_is_not_what_commands_connect_as(self, desk: Desk):
        script = (
            "from django.db import connections as c;"
            "print([c[a].cursor().execute('SELECT current_user').fetchone()[0] for a in c])"
        )
        code, stdout, _ = desk.run("shell", "--no-imports", "-c", script)
        assert (code, stdout) == (0, "['shop_web', 'shop_reader', 'shop_projector']\n")
        assert urlsplit(desk.environment["DATABASE_URL"]).username == "shop_web"
