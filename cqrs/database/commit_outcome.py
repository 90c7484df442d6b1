"""Find out whether a transaction committed whose connection broke during COMMIT.

`pg_xact_status` of the transaction's id says when the server has ended it. A row that it wrote says
whether it committed. The id alone does not: a server that crashed before it stored anything of the
transaction gives the same id to another one.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import DataError, Error, connection

from cqrs.database.outages import is_outage

PATIENCE_S = 5.0  # a server that crashed usually restarts faster
PAUSE_S = 0.02

_current: ContextVar["CommitWitness | None"] = ContextVar("witness", default=None)


class OutcomeUnknown(Exception):
    """The connection broke while committing, and the server cannot say how it ended.

    Repeating the command is safe only with the same idempotency key.
    """


class CommitWitness:
    """The evidence of one transaction: its id, and rows that exist only if it committed."""

    def __init__(self) -> None:
        self.transaction_id: str | None = None
        self.rows: list[tuple[str, tuple[Any, ...]]] = []

    def was_committed(self) -> bool:
        """Ask on a new connection; wait while the server is away or the transaction runs.

        False without a row: no event and no answer were written, so a repetition is safe.
        Raises `OutcomeUnknown` when the server does not answer within `PATIENCE_S`.
        """
        if self.transaction_id is None:
            return False
        deadline = time.monotonic() + PATIENCE_S
        while (answer := self._ask()) is None:
            if time.monotonic() > deadline:
                raise OutcomeUnknown("The server gives no answer")
            time.sleep(PAUSE_S)
        return answer

    def _ask(self) -> bool | None:
        try:
            return None if self._is_running() else any(_exists(*row) for row in self.rows)
        except Error as error:
            connection.close()
            if is_outage(error):
                return None
            raise

    def _is_running(self) -> bool:
        """Say whether the server still runs the transaction: it may not have noticed the loss."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_xact_status(%s::text::xid8)", [self.transaction_id])
                return bool(cursor.fetchone()[0] == "in progress")
        except DataError:  # an id "in the future": the server crashed and lost the transaction
            return False


@contextmanager
def witnessed() -> Iterator[CommitWitness]:
    """Collect the evidence of the transaction that the block runs."""
    token = _current.set(witness := CommitWitness())
    try:
        yield witness
    finally:
        _current.reset(token)


def add_witness(transaction_id: str, query: str, parameters: tuple[Any, ...]) -> None:
    """Note the running transaction's id, and a query that finds a row which it has just written.

    A savepoint may roll some of the rows back: one that remains is enough.
    """
    if (witness := _current.get()) is not None:
        witness.transaction_id = transaction_id
        witness.rows.append((query, parameters))


def _exists(query: str, parameters: tuple[Any, ...]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchone() is not None
