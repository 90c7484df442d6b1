"""What was adopted of the writes that bypass the application."""

from tests.support.desk import FULL_COUNTS, Desk, wait_for
from tests.support.sides import is_level

VERIFY_S = 900 if FULL_COUNTS else 90
OUTSIDE = "SELECT count(*) FROM cqrs_event WHERE metadata ->> 'origin' = 'outside'"
IS_READ = """
SELECT FROM pg_replication_slots
WHERE slot_name = 'order_desk' AND confirmed_flush_lsn >= %s::pg_lsn
"""


def outside(desk: Desk) -> int:
    """Return how many events the log has of outside changes."""
    return int(desk.sql("default", OUTSIDE)[0][0])


def wait_until_looked_at(desk: Desk, limit_s: float = 60) -> None:
    """Return when the looks at all that is committed now are done."""
    end = desk.sql("default", "SELECT pg_current_wal_lsn()::text")[0][0]
    wait_for(lambda: desk.sql("default", IS_READ, end), limit_s)


def wait_until_all_is_read(desk: Desk, limit_s: float = 60) -> None:
    """Return when these looks are done, and projected."""
    wait_until_looked_at(desk, limit_s)
    wait_for(lambda: is_level(desk), limit_s)


def assert_verified(desk: Desk) -> None:
    """See that the read models are what the log makes of it."""
    verifying = desk.manage("projections", "verify")
    said, failed = verifying.communicate(timeout=VERIFY_S)
    assert verifying.returncode == 0, said + failed
