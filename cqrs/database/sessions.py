"""Drop sessions after a failure: the session itself may be what has failed.

A server that was demoted to a standby keeps its sessions, and refuses every write in them. Only a
new session finds the server that writes now.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, connections

from cqrs.database.aliases import PROJECTION_ALIAS, WRITE_ALIAS


@contextmanager
def sessions_dropped_after_failure() -> Iterator[None]:
    """Close the thread's connections for writing if the block raises outside a transaction."""
    try:
        yield
    except Exception:
        for alias in (WRITE_ALIAS, PROJECTION_ALIAS):
            if not connections[alias].in_atomic_block:
                connections[alias].close()
        raise


def take_writes(*aliases: str) -> bool:
    """Return whether these databases take writes now; replaces the sessions that are lost.

    False inside an open transaction, which a new session cannot go on with.
    """
    try:
        return all(_takes_writes(alias) for alias in aliases)
    except Error:
        return False


def _takes_writes(alias: str) -> bool:
    connection = connections[alias]
    if connection.in_atomic_block:
        return False
    if not connection.is_usable():
        connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_read_only')")
        return bool(cursor.fetchone() == ("off",))
