"""Let a query only read, and only from `replica`: any other statement raises.

The guard shows the mistake in the line that makes it. What makes a write impossible is the database
role that `replica` connects with.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.db import connections

from cqrs.database.aliases import READ_ALIAS
from cqrs.messaging.pipeline import Dispatch, Next
from cqrs.messaging.results import Result

READS = (
    "select",
    "with",
    "declare",
    "fetch",
    "close",
    "savepoint",
    "release savepoint",
    "rollback to savepoint",
)
# Anywhere in a statement. Parameters are not part of it, and `\b` does not match in identifiers
# like `updated_at`.
WRITES = re.compile(
    r"\b(insert|update|delete|merge|truncate|into|nextval|setval|for\s+(key\s+)?share)\b|;\s*\S"
)


class GuardViolation(RuntimeError):
    """A query touched another database than `replica`, or tried to write."""


def query_guard(dispatch: Dispatch, call_next: Next) -> Result[Any]:
    """Raise `GuardViolation` on a statement to another alias, and on any write, in the query."""
    watched = [
        (connection.execute_wrappers, _read_only if connection.alias == READ_ALIAS else _forbid)
        for connection in connections.all()
    ]
    for wrappers, check in watched:
        wrappers.append(check)
    try:
        return call_next(dispatch)
    finally:
        for wrappers, _ in watched:
            wrappers.pop()


def _forbid(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    alias = context["connection"].alias
    raise GuardViolation(f"A query may only use {READ_ALIAS!r}, but it used {alias!r}")


def _read_only(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    if not only_reads(str(sql)):
        raise GuardViolation("A query may not write")
    return execute(sql, params, many, context)


@lru_cache(maxsize=512)  # the two searches cost more than the cache, and queries repeat
def only_reads(sql: str) -> bool:
    """Say whether the SQL is one statement that reads and takes no row locks."""
    statement = sql.lower()
    return statement.lstrip("( \n\t").startswith(READS) and WRITES.search(statement) is None
