"""Transactions whose statements go to the server in a pipeline, without a wait for each result.

https://www.postgresql.org/docs/current/libpq-pipeline-mode.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction

# psycopg's and Django's own BEGIN would wait for the server. The isolation is the one that
# sequencing and claiming need, whatever a role's default is.
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"


@contextmanager
def pipelined_transaction(alias: str, *, lock_timeout_ms: int = 0) -> Iterator[None]:
    """Run the block's statements in one transaction, whose COMMIT is the end of the pipeline.

    A statement waits for its result only when the result is fetched, so a failed one raises at the
    next fetch or at the end. Rows that were not fetched can be fetched after the block. Within an
    open transaction it is a savepoint. Do not use the ORM to write in it: it looks at row counts,
    which come later.
    """
    connection: Any = connections[alias]
    if connection.in_atomic_block:
        with (
            transaction.atomic(using=alias),
            connection.wrap_database_errors,
            connection.connection.pipeline() as connection.open_pipeline,
        ):
            yield
        return
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors, _marked_as_open(connection):
        yield from _begin_and_commit(connection, lock_timeout_ms)
    connection.run_and_clear_commit_hooks()


def _begin_and_commit(connection: Any, lock_timeout_ms: int) -> Iterator[None]:
    raw = connection.connection
    try:
        with raw.pipeline() as connection.open_pipeline:
            raw.execute(_BEGIN, prepare=False)
            if lock_timeout_ms:
                raw.execute(_lock_timeout(lock_timeout_ms), prepare=False)
            yield
            connection.validate_no_broken_transaction()
            raw.execute("COMMIT", prepare=False)
    except BaseException:
        if not raw.closed:
            raw.rollback()
        raise


def sync(alias: str) -> None:
    """End the statements that were issued so far; call it before something that can take long.

    Without it the server takes the pipeline for busy, so its time-out for idle transactions does
    not begin: a client that stops or vanishes would hold its locks for as long as the connection
    lasts. Waits for nothing.
    """
    connections[alias].open_pipeline.sync()  # type: ignore[attr-defined]


def set_lock_timeout(alias: str, lock_timeout_ms: int) -> None:
    """Limit how long a statement of the open transaction waits for a lock; 0 changes nothing."""
    if lock_timeout_ms:
        with connections[alias].cursor() as cursor:
            cursor.execute(_lock_timeout(lock_timeout_ms))


def _lock_timeout(ms: int) -> str:
    return f"SET LOCAL lock_timeout = {ms}"


@contextmanager
def _marked_as_open(connection: Any) -> Iterator[None]:
    """Let Django know about the transaction: `atomic` is a savepoint, `on_commit` waits."""
    connection.in_atomic_block = True
    connection.autocommit = False  # or `atomic` would set no savepoint
    try:
        yield
    except BaseException:
        connection.run_on_commit = []
        raise
    finally:
        connection.in_atomic_block = False
        connection.autocommit = True
        connection.needs_rollback = False
        if connection.connection.closed:  # lost, or closed by the block: connect again
            connection.closed_in_transaction = False
            connection.close()
