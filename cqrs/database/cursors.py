"""Talking to the read tables in plain SQL, past what the ORM and its cursor cost."""

from collections.abc import Collection
from typing import Any

from django.db import connections
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper

from cqrs.database.aliases import PROJECTION_ALIAS

_bind_beside: Any = ServerBindingCursor


def server_cursor(alias: str = PROJECTION_ALIAS) -> CursorWrapper:
    """Open a cursor that sends parameters beside the statement, which the server can so prepare.

    Django's usual one writes them into it: half a megabyte to quote here and to parse there.
    Statements pass Django's execute wrappers as they do with any cursor of its own.
    """
    connection: Any = connections[alias]
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = _bind_beside(connection.connection)
    prepared: CursorWrapper = connection._prepare_cursor(cursor)
    return prepared


def array(values: Collection[Any]) -> str:
    """Return a PostgreSQL array literal; psycopg's own way takes ten times as long."""
    if not values:
        return "{}"
    if None in values:
        return "{" + ",".join("NULL" if v is None else array([v])[1:-1] for v in values) + "}"
    # NUL cannot be part of a text, so it can stand for what divides them.
    joined = "\0".join([value if type(value) is str else str(value) for value in values])
    quoted = joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
    return '{"' + quoted + '"}'
