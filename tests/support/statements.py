"""Record the statements of a block, or forbid them."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connections

WRITES = re.compile(r"(WITH (s0|moved) AS \(\s*)?(INSERT|UPDATE|DELETE)")


@contextmanager
def statements(alias: str = "replica") -> Iterator[list[str]]:
    """Yield the statements that this thread sends to the database, also those of raw cursors."""
    found: list[str] = []

    def record(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        found.append(str(sql).strip())
        return execute(sql, params, many, context)

    with connections[alias].execute_wrapper(record):
        yield found


def writes(found: list[str]) -> list[str]:
    """Return the statements among them that write."""
    return [each for each in found if WRITES.match(each)]


def written_tables(found: list[str]) -> list[str]:
    """Return the tables that the statements write, several of them in one statement."""
    return [table for each in writes(found) for table in re.findall(r"INTO (\S+) AS", each)]


@contextmanager
def no_statements() -> Iterator[None]:
    """Fail at any statement to any database."""

    def refuse(execute: Any, sql: Any, *_: Any) -> Any:
        raise AssertionError(f"a statement: {sql}")

    with ExitStack() as stack:
        for alias in ("default", "replica"):
            stack.enter_context(connections[alias].execute_wrapper(refuse))
        yield
