"""The epoch of the log, as the statements of the running command have found it.

A log that has lost a part of its past gives the same versions again. So `projections heal` gives it
another epoch, which tokens and entity tags name. Before the first one it is 0. It is read in
statements that a command runs anyway, and never cached: a process must not go on with the old one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

EPOCH = "coalesce((SELECT epoch FROM cqrs_feedhead), 0)"  # SQL, for a statement on `default`


@dataclass(slots=True)
class FoundEpoch:
    """The epoch that a command's statements have found last; None before the first one."""

    epoch: int | None = None


_current: ContextVar[FoundEpoch | None] = ContextVar("log_epoch", default=None)


@contextmanager
def finding_epoch() -> Iterator[FoundEpoch]:
    """Collect the epoch that the block's statements find."""
    token = _current.set(found := FoundEpoch())
    try:
        yield found
    finally:
        _current.reset(token)


def found_epoch(epoch: int) -> None:
    """Note the epoch that a statement of the running command has returned."""
    if (found := _current.get()) is not None:
        found.epoch = epoch


def with_epoch(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """Let the statement read the epoch too, as `log_epoch` of each row."""
    found: QuerySet[Any, Any] = rows.annotate(log_epoch=RawSQL(EPOCH, ()))  # noqa: S611  a constant
    return found


def read_epoch() -> int:
    """Read the epoch with a statement of its own."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {EPOCH}")
        return int(cursor.fetchone()[0])
