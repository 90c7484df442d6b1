"""Distinguish an unreachable database from a wrong statement, by SQLSTATE."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error
from django.db.utils import InterfaceError, OperationalError
from psycopg.errors import PipelineAborted

# https://www.postgresql.org/docs/current/errcodes-appendix.html: connection exceptions,
# too_many_connections, admin_shutdown, crash_shutdown, cannot_connect_now
OUTAGE_SQLSTATES = ("08", "53300", "57P01", "57P02", "57P03")


class DatabaseUnavailable(Exception):
    """A database cannot be reached. The request may be correct: try again later."""

    code = "unavailable"


class WriteSideUnavailable(DatabaseUnavailable):
    code = "write_side_unavailable"

    def __init__(self) -> None:
        super().__init__("The write database cannot be reached; reading may still work")


class ReadSideUnavailable(DatabaseUnavailable):
    code = "read_side_unavailable"

    def __init__(self) -> None:
        super().__init__("The read database cannot be reached; writing may still work")


def is_outage(error: Exception) -> bool:
    """Return whether the error means that the server or the connection is lost."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    if isinstance(error.__cause__, PipelineAborted):  # an earlier statement has failed
        return False
    # Without a connection there is no SQLSTATE: the server sends it.
    sqlstate = getattr(error.__cause__, "sqlstate", None)
    return sqlstate is None or sqlstate.startswith(OUTAGE_SQLSTATES)


@contextmanager
def named(unavailable: type[WriteSideUnavailable | ReadSideUnavailable]) -> Iterator[None]:
    """Raise `unavailable` in place of the driver's error when the database cannot be reached."""
    try:
        yield
    except Error as error:
        if is_outage(error):
            raise unavailable from error
        raise
