"""Look at aggregates that may have been changed outside, and adopt what is so."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import structlog
from django.db import DataError, Error, IntegrityError, connection, transaction

from cqrs.adoption.adapter import Adapter, adapter_of
from cqrs.adoption.adopting import Looked, adopt
from cqrs.adoption.comparing import compare
from cqrs.adoption.parking import park_found, parked_of
from cqrs.database.aliases import WRITE_ALIAS
from cqrs.database.lock_waits import is_limited
from cqrs.database.outages import AggregateBusy
from cqrs.database.pipelines import set_lock_timeout
from cqrs.database.sqlstates import Meaning, meaning, sqlstate
from cqrs.event_log.outside import ChangedOutside

CHUNK = 100  # rows that one transaction locks: for less than the first wait of a web process
ATTEMPTS = 5
LOCK_TIMEOUT_MS = 2_000  # outside the web, whose sessions have a shorter one

log = structlog.get_logger("cqrs.adoption")


def look(stream_type: str, ids: Collection[UUID], *, accept_held: bool = False) -> Looked:
    """Adopt what other programs have changed, inserted or deleted of these aggregates.

    Does nothing where all fits, without a lock; harmless to repeat. One transaction a chunk, with
    the rows locked in the order of their ids; within an open transaction it belongs to that.
    `accept_held` also adopts what `park` holds back. Raises database errors and `AggregateBusy`;
    then call it again.
    """
    adapter, wanted, looked = adapter_of(stream_type), sorted(set(ids)), Looked()
    for start in range(0, len(wanted), CHUNK):
        looked += _look(adapter, wanted[start : start + CHUNK], accept_held)
    return looked


def _look(adapter: Adapter[Any], ids: Sequence[UUID], accept_held: bool) -> Looked:
    suspected, newer = _suspected(adapter, ids)
    if not suspected:
        return Looked(newer=newer)
    looked = Looked(newer=newer) + _adopt(adapter, suspected, accept_held)
    log.info("outside_changes", stream_type=adapter.stream_type, **asdict(looked))
    return looked


def _suspected(adapter: Adapter[Any], ids: Sequence[UUID]) -> tuple[list[UUID], int]:
    """Return which do not seem to fit or are parked, and how many only a newer build can judge."""
    try:
        with transaction.atomic():
            found = compare(adapter, ids, lock=False)
    except DataError:  # a value that cannot be read, such as a time of `infinity`
        return [*ids], 0
    parked = parked_of(adapter.stream_type, ids).reasons
    return sorted({*found.doubtful, *parked}), len(found.newer)


def _adopt(adapter: Adapter[Any], ids: Sequence[UUID], accept_held: bool) -> Looked:
    is_outermost = not connection.in_atomic_block
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic():
                if is_outermost and not is_limited():
                    set_lock_timeout(WRITE_ALIAS, LOCK_TIMEOUT_MS)
                return adopt(adapter, ids, accept_held=accept_held)
        except ChangedOutside:
            continue  # another look was first
        except Error as error:
            if isinstance(error, DataError | IntegrityError):
                return _each_alone(adapter, ids, accept_held, error)
            if not is_outermost or meaning(error) is not Meaning.CONFLICT:
                raise
    raise AggregateBusy


def _each_alone(
    adapter: Adapter[Any], ids: Sequence[UUID], accept_held: bool, error: Exception
) -> Looked:
    """Adopt them one by one; of one alone, park what the tables forbid."""
    if len(ids) > 1:
        return sum((_adopt(adapter, [key], accept_held) for key in ids), Looked())
    park_found(adapter.stream_type, ids[0], f"the tables do not allow it: {_constraint(error)}")
    return Looked(parked=1)


def _constraint(error: Exception) -> str:
    """Return the constraint, or the SQLSTATE: the text has values of the row."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or sqlstate(error) or "a value is unreadable"
