"""Drop sessions after a failure: the session itself may be what has failed.

A server that was demoted to a standby keeps its sessions, and refuses every write in them. Only a
new session finds the server that writes now.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

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
