"""Did it commit? Asked when the connection broke during COMMIT."""

import time
from contextvars import ContextVar

from django.db import Error, connection

# Set by `publish` from the statement that writes the events, so that it costs no round trip.
_transaction_id: ContextVar[str | None] = ContextVar("transaction_id", default=None)

PATIENCE_S = 2.0


class OutcomeUnknown(Exception):
    """The connection broke while committing, and the server cannot say how it ended.

    Repeating the command is safe only with the same idempotency key.
    """


def remember(transaction_id: str) -> None:
    """Keep the id that PostgreSQL gave the running transaction."""
    _transaction_id.set(transaction_id)


def forget() -> None:
    """Begin a transaction that has no id yet."""
    _transaction_id.set(None)


def was_committed() -> bool:
    """Ask a new connection whether the remembered transaction committed.

    Raises `OutcomeUnknown` when the server cannot be asked, does not know, or the
    transaction wrote no event and so left no id.
    """
    transaction_id = _transaction_id.get()
    if transaction_id is None:
        raise OutcomeUnknown("The transaction left no id")
    deadline = time.monotonic() + PATIENCE_S
    while (status := _status(transaction_id)) == "in progress" and time.monotonic() < deadline:
        time.sleep(0.02)  # the server has not noticed yet that the client is gone
    if status not in ("committed", "aborted"):
        raise OutcomeUnknown(f"The server says: {status}")
    return status == "committed"


def _status(transaction_id: str) -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_xact_status(%s::text::xid8)", [transaction_id])
            row = cursor.fetchone()
            return None if row is None else row[0]
    except Error as error:
        connection.close()
        raise OutcomeUnknown("The server cannot be asked") from error
