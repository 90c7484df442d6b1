"""The publication that Debezium reads: which tables PostgreSQL decodes for it.

It belongs to the owner of the tables, and has the name of the slot.
"""

from collections.abc import Collection
from typing import LiteralString

from django.db import connections
from psycopg import sql

from cqrs.cdc.changes import EVENT_TABLE, Watched
from cqrs.cdc.slots import connect
from cqrs.conf import conf
from cqrs.database.aliases import WRITE_ALIAS

_PUBLICATION = "SELECT FROM pg_publication WHERE pubname = %s"
_CREATE_PUBLICATION: LiteralString = "CREATE PUBLICATION {} FOR TABLE {}"
_ALTER_PUBLICATION: LiteralString = "ALTER PUBLICATION {} SET TABLE {}"
_DROP_PUBLICATION: LiteralString = "DROP PUBLICATION IF EXISTS {}"
_PUBLISHED = "SELECT tablename FROM pg_publication_tables WHERE pubname = %s"


def publish(watched: Watched) -> None:
    """Let the publication have the event table and the watched ones, and no others.

    The owner of the tables does this, unless it is so already.
    """
    if published() != {EVENT_TABLE, *watched}:
        statement = _ALTER_PUBLICATION if has_publication() else _CREATE_PUBLICATION
        with connect(conf().CDC_OWNER_DATABASE_URL) as connection:
            connection.execute(_publication(statement, {EVENT_TABLE, *watched}))


def drop_publication() -> None:
    with connect(conf().CDC_OWNER_DATABASE_URL) as connection:
        connection.execute(_publication(_DROP_PUBLICATION, ()))


def has_publication() -> bool:
    with connections[WRITE_ALIAS].cursor() as cursor:
        cursor.execute(_PUBLICATION, [conf().CDC_NAME])
        return cursor.fetchone() is not None


def published() -> set[str]:
    """Return the tables of the publication. Any role may ask."""
    with connections[WRITE_ALIAS].cursor() as cursor:
        cursor.execute(_PUBLISHED, [conf().CDC_NAME])
        return {row[0] for row in cursor.fetchall()}


def _publication(statement: LiteralString, tables: Collection[str]) -> sql.Composed:
    names = sql.SQL(", ").join(sql.Identifier(table) for table in sorted(tables))
    return sql.SQL(statement).format(sql.Identifier(conf().CDC_NAME), names)
