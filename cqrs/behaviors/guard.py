"""A query may only read, and only from `replica`: anything else raises."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.db import connections

from cqrs.pipeline import Dispatch, Next
from cqrs.results import Result

READ_ALIAS = "replica"
READS = (
    "select", "with", "declare", "fetch", "close",
    "savepoint", "release savepoint", "rollback to savepoint",
)  # fmt: skip


class GuardViolation(RuntimeError):
    """A query touched another database than `replica`, or tried to write."""


def query_guard(dispatch: Dispatch, following: Next) -> Result[Any]:
    """Raise `GuardViolation` on a statement to another alias, and on any write, in the query."""
    with ExitStack() as stack:
        for alias in connections:
            check = _read_only if alias == READ_ALIAS else _forbid
            stack.enter_context(connections[alias].execute_wrapper(check))
        return following(dispatch)


def _forbid(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    alias = context["connection"].alias
    raise GuardViolation(f"A query may only use {READ_ALIAS!r}, but it used {alias!r}")


def _read_only(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    if not str(sql).lstrip("( \n\t").lower().startswith(READS):
        raise GuardViolation("A query may not write")
    return execute(sql, params, many, context)
