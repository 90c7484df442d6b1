"""Make the roles, the databases and the rights on a server."""

from collections.abc import Callable, Mapping

from psycopg import Connection, sql

from config.database.rights import statements, templates
from config.database.rights.roles import Database

Connect = Callable[[str], Connection]
"""Connects as an administrator to the database of this name, with autocommit."""


def apply(connect: Connect, one: Database, passwords: Mapping[str, str]) -> None:
    """Make what is missing and correct the rest, for one database. It can be repeated.

    A role without a password gets none, and stays with the one that it has.
    """
    with connect("postgres") as connection:
        run(connection, statements.roles(one))
        for role in one.roles:
            if role in passwords:
                _set_password(connection, role, passwords[role])
        _create_database(connection, one.name)
        run(connection, templates.OTHER_DATABASES)
    grant(connect, one)


def grant(connect: Connect, one: Database) -> None:
    """Give the roles their rights in the database, which exists."""
    with connect(one.name) as connection:
        run(connection, statements.database(one))
        run(connection, statements.tables(one))


def run(connection: Connection, text: str) -> None:
    """Run several statements in one transaction."""
    with connection.transaction():
        connection.execute(text.encode(), prepare=False)  # bytes: it is no literal


def _set_password(connection: Connection, role: str, password: str) -> None:
    """Send the password as a hash alone, so that no server log can contain it."""
    hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    connection.execute(
        sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(
            sql.Identifier(role), sql.Literal(hashed.decode())
        )
    )


def _create_database(connection: Connection, name: str) -> None:
    found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
    if found is None:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
