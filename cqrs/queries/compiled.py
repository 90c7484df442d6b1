"""The hot queries as fixed texts, sent so that the server prepares them once.

Compiling a page costs the ORM more than PostgreSQL needs to answer it. What is built here answers
exactly what the general path would; a test compares them. Columns are named, because a table is
swapped by renaming when it is rebuilt, and `*` would then change under a prepared statement.
"""

from typing import Any
from uuid import UUID

from django.db.models import Model

from cqrs.database.aliases import READ_ALIAS
from cqrs.database.cursors import server_cursor
from cqrs.messaging.results import Ok, Rejected, Result
from cqrs.queries.pages import StoredDocument


def document_by_id(model: type[Model], key: UUID, missing: str) -> Result[StoredDocument]:
    """Answer the row with this id, or refuse with `not_found`, saying what is missing."""
    table = model._meta.db_table
    rows = fetch(f"SELECT document, version, position FROM {table} WHERE id = %s", key)  # noqa: S608
    return Ok(StoredDocument(*rows[0])) if rows else Rejected("not_found", missing)


def fetch(text: str, *parameters: Any) -> list[Any]:
    """Return all rows of a statement that the server prepares at its first use."""
    with server_cursor(READ_ALIAS) as cursor:
        cursor.execute(text, parameters)
        rows: list[Any] = cursor.fetchall()
        return rows
