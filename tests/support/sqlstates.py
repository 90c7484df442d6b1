"""Let the server answer every statement with an error of one's choice."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections


@contextmanager
def saying(alias: str, sqlstate: str) -> Iterator[list[str]]:
    """Raise this SQLSTATE, on the server, in place of each statement; yields those statements."""
    found: list[str] = []

    def raise_instead(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if str(sql).startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "SET LOCAL")):
            return execute(sql, params, many, context)
        found.append(str(sql))
        text = f"DO $$ BEGIN RAISE EXCEPTION 'said' USING ERRCODE = '{sqlstate}'; END $$"
        return execute(text, None, False, context)

    with connections[alias].execute_wrapper(raise_instead):
        yield found
