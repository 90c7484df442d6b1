"""PostgreSQL's advisory locks: every kind in one table, so that no two share a key.

A lock is a 64-bit number that everything in one database shares. Its first byte is the lock space,
the other seven are a hash of the names. An operator sees which spaces are locked:

    SELECT classid::bigint >> 24 AS space, pid FROM pg_locks WHERE locktype = 'advisory'
"""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connections

from cqrs.database.aliases import WRITE_ALIAS


class LockSpace(IntEnum):
    """What an advisory lock stands for. Values from 1 to 127; a released one keeps its meaning."""

    SEQUENCER = 1
    """On `default`, without a name: one process at a time gives events their positions."""
    IDEMPOTENCY_KEY = 2
    """On `default`, by actor, command and key: one transaction at a time handles a key."""
    NEW_AGGREGATE = 3
    """On `default`, by stream type and id: one transaction at a time creates an aggregate."""
    CHECKPOINT_START = 4
    """On the consumer's database, by table and consumer: one worker creates the checkpoints."""
    TABLE_COPY = 5
    """On the read database, by the copy's name: one process builds, compares or drops it."""
    REACTION_EXECUTOR = 6
    """On `default`, by reaction: one process at a time executes its work."""
    HEAL = 7
    """On the read database, without a name: one process makes it follow the log again."""


def lock_key(space: LockSpace, *names: str) -> int:
    """Return the number of a lock.

    >>> lock_key(LockSpace.TABLE_COPY, "titles.shadow") >> 56 == LockSpace.TABLE_COPY
    True
    """
    digest = hashlib.blake2b("\0".join(names).encode(), digest_size=7).digest()
    return int.from_bytes(bytes([space]) + digest, "big")


def lock(space: LockSpace, *names: str, using: str = WRITE_ALIAS) -> None:
    """Take the lock until the transaction ends; wait for it."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [lock_key(space, *names)])


def try_lock(space: LockSpace, *names: str, using: str = WRITE_ALIAS) -> bool:
    """Take the lock until the transaction ends; False at once when another one holds it."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_key(space, *names)])
        return bool(cursor.fetchone()[0])


@contextmanager
def session_lock(space: LockSpace, *names: str, using: str = WRITE_ALIAS) -> Iterator[bool]:
    """Hold the lock for the block, across transactions; yields False when another one holds it."""
    key = lock_key(space, *names)
    # One cursor for both: after a reconnection, another session would release what it never took.
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        if not cursor.fetchone()[0]:
            yield False
            return
        try:
            yield True
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


_HELD = """
SELECT classid::bigint << 32 | objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def held(space: LockSpace, names: Collection[str], using: str = WRITE_ALIAS) -> set[str]:
    """Return which of the names some session holds the lock of, at this moment."""
    with connections[using].cursor() as cursor:
        cursor.execute(_HELD)
        keys = {key for (key,) in cursor.fetchall()}
    return {name for name in names if lock_key(space, name) in keys}
