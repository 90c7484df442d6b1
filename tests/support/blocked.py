"""See in pg_locks that a session waits for another."""

from django.db import connections

from tests.support.desk import wait_for

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def wait_until_blocked(alias: str = "default") -> None:
    """Return when a session of the server waits for a lock."""

    def is_blocked() -> bool:
        with connections[alias].cursor() as cursor:
            cursor.execute(WAITING)
            return bool(cursor.fetchone()[0])

    wait_for(is_blocked)
