"""What an error of the database means here, by its SQLSTATE: the only table of them.

https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from enum import Enum

from django.db import DataError, Error, IntegrityError
from django.db.utils import InterfaceError, InternalError, OperationalError
from psycopg.errors import PipelineAborted


class Meaning(Enum):
    """What to do about it. Everything else that a database says is a bug, or data that is wrong."""

    CONFLICT = "repeat the transaction: another one came first"
    LOST = "drop the session, and repeat on a new one"
    LOCKED = "do not repeat: a lock was held for longer than the limit"
    SLOW = "do not repeat: the statement took longer than the limit"
    EXHAUSTED = "do not repeat: the server has run out of something, or is broken"
    MISSING = "do not repeat: a table is not there"


class Blame(Enum):
    """Where an error comes from. Only an event that is to blame itself may be parked."""

    EVENT = "event"
    SCHEMA = "schema"
    SERVER = "server"


# By the beginning of the SQLSTATE, the longer before the shorter.
TABLE: tuple[tuple[str, Meaning | None, Blame], ...] = (
    ("25006", Meaning.LOST, Blame.SERVER),  # read only: a primary that was demoted
    ("25P03", Meaning.LOST, Blame.SERVER),  # idle in a transaction for too long
    ("25P04", Meaning.LOST, Blame.SERVER),  # the transaction took too long
    ("28", Meaning.LOST, Blame.SERVER),  # not let in: a pooler says so on an open connection
    ("40001", Meaning.CONFLICT, Blame.SERVER),  # serialization failure
    ("40P01", Meaning.CONFLICT, Blame.SERVER),  # deadlock
    ("42P01", Meaning.MISSING, Blame.SCHEMA),  # undefined table
    ("53300", Meaning.LOST, Blame.SERVER),  # too many connections
    ("55P03", Meaning.LOCKED, Blame.SERVER),  # lock time-out, or NOWAIT
    ("57014", Meaning.SLOW, Blame.SERVER),  # statement time-out, or cancelled by an operator
    ("57P", Meaning.LOST, Blame.SERVER),  # shut down, crashed, starting, idle session
    ("08", Meaning.LOST, Blame.SERVER),  # connection failure
    ("0A", None, Blame.SCHEMA),  # such as a prepared statement whose table has changed
    ("26", None, Blame.SCHEMA),
    ("3D", None, Blame.SCHEMA),
    ("3F", None, Blame.SCHEMA),
    ("42", None, Blame.SCHEMA),  # undefined column, wrong type, missing right
    ("40", None, Blame.SERVER),
    ("53", Meaning.EXHAUSTED, Blame.SERVER),  # disk, memory
    ("54", None, Blame.SERVER),
    ("55", None, Blame.SERVER),
    ("57", None, Blame.SERVER),
    ("58", Meaning.EXHAUSTED, Blame.SERVER),  # I/O error
    ("F0", Meaning.EXHAUSTED, Blame.SERVER),
    ("XX", Meaning.EXHAUSTED, Blame.SERVER),  # internal error, corrupted data
)


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of Django's error, or of the driver's own."""
    found: str | None = getattr(error.__cause__ or error, "sqlstate", None)
    return found


def meaning(error: Exception) -> Meaning | None:
    """Return what the error means; None for a bug and for wrong data."""
    return _row(error)[0]


def blame(error: Exception) -> Blame:
    """Return what is to blame: the event, unless the database says otherwise."""
    return _row(error)[1]


def _row(error: Exception) -> tuple[Meaning | None, Blame]:
    if not isinstance(error, Error):
        return None, Blame.EVENT
    if isinstance(error.__cause__, PipelineAborted):
        return None, Blame.SERVER  # an earlier statement of the pipeline has failed
    if (state := sqlstate(error)) is None:
        # Without a connection there is no SQLSTATE: the server sends it. There is none, either, for
        # an answer that the driver cannot read, such as one with a farewell behind it.
        if isinstance(error, OperationalError | InterfaceError | InternalError):
            return Meaning.LOST, Blame.SERVER
        is_of_data = isinstance(error, DataError | IntegrityError)
        return None, Blame.EVENT if is_of_data else Blame.SCHEMA
    for beginning, found, culprit in TABLE:
        if state.startswith(beginning):
            return found, culprit
    return None, Blame.EVENT
