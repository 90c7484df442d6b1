"""Compiled SQL: hot queries as fixed texts, which the server prepares once.

The ORM needs more time to compile a page than PostgreSQL to answer it. A compiled text gives the
same answer as the ORM path; a test compares them. The texts name their columns, because a rebuild
swaps the table, and `*` would then change under a prepared statement.
"""

from typing import Any
from uuid import UUID

from django.db.models import Model

from cqrs.database.aliases import READ_ALIAS
from cqrs.database.cursors import server_cursor
from cqrs.messaging.results import Ok, Rejected, Result
from cqrs.queries.pages import StoredDocument


def document_by_id(model: type[Model], key: UUID, missing: str) -> Result[StoredDocument]:
    """Answer the document of this row, or refuse with `not_found` and `missing` as the detail."""
    table = model._meta.db_table
    rows = fetch(f"SELECT document, version, position FROM {table} WHERE id = %s", key)  # noqa: S608
    return Ok(StoredDocument(*rows[0])) if rows else Rejected("not_found", missing)


def fetch(text: str, *parameters: Any) -> list[Any]:
    """Return all rows of a statement. The server prepares it at its first use."""
    with server_cursor(READ_ALIAS) as cursor:
        cursor.execute(text, parameters)
        rows: list[Any] = cursor.fetchall()
        return rows
