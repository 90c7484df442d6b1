"""Turn what a database says about itself into an answer: which side is unavailable, or busy."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error

from cqrs.database.aliases import WRITE_ALIAS
from cqrs.database.sqlstates import Meaning, meaning

WAITED_IN_VAIN = (Meaning.LOCKED, Meaning.CONFLICT)


class DatabaseUnavailable(Exception):
    """A database cannot do its work now. The request may be correct: try again later."""

    code = "unavailable"


class WriteSideUnavailable(DatabaseUnavailable):
    code = "write_side_unavailable"

    def __init__(self) -> None:
        super().__init__("The write database is not available; reading may still work")


class ReadSideUnavailable(DatabaseUnavailable):
    code = "read_side_unavailable"

    def __init__(self) -> None:
        super().__init__("The read database is not available; writing may still work")


class AggregateBusy(DatabaseUnavailable):
    """Another transaction holds a lock that the command needs. Nothing was written."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__("Another transaction holds what this command needs")


def is_outage(error: Exception) -> bool:
    """Return whether the session is of no use any more: connect anew, and repeat."""
    return meaning(error) is Meaning.LOST


def as_unavailable(error: Exception) -> DatabaseUnavailable | None:
    """Return the answer to an error of either database, by its alias; None for a bug."""
    if isinstance(error, DatabaseUnavailable):
        return error
    on_write_side = getattr(error, "alias", WRITE_ALIAS) == WRITE_ALIAS
    answer = _answer(error, WriteSideUnavailable if on_write_side else ReadSideUnavailable)
    if answer:
        answer.__cause__ = error
    return answer


@contextmanager
def named(unavailable: type[WriteSideUnavailable | ReadSideUnavailable]) -> Iterator[None]:
    """Raise `unavailable`, or `AggregateBusy`, in place of the driver's error; not of a bug."""
    try:
        yield
    except Error as error:
        if (answer := _answer(error, unavailable)) is None:
            raise
        raise answer from error


def _answer(
    error: Exception, unavailable: type[WriteSideUnavailable | ReadSideUnavailable]
) -> DatabaseUnavailable | None:
    found = meaning(error)
    if found in WAITED_IN_VAIN and unavailable is WriteSideUnavailable:
        return AggregateBusy()
    return None if found is None else unavailable()
