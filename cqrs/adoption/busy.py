"""Look at aggregates, and leave those that another transaction has locked: they must not hold up
the others."""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import Error

from cqrs.adoption.adopting import Looked
from cqrs.adoption.looking import CHUNK, look
from cqrs.database.outages import WAITED_IN_VAIN, AggregateBusy
from cqrs.database.sqlstates import meaning

MAX_BUSY = 3  # rows that one call waits for, each for as long as a lock time-out


@dataclass(frozen=True, slots=True)
class LookedPast:
    """What a look has found, and the aggregates that are still to be looked at."""

    looked: Looked
    busy: frozenset[UUID] = frozenset()


def look_past_busy(
    stream_type: str, ids: Collection[UUID], *, accept_held: bool = False
) -> LookedPast:
    """Look at the aggregates, and return which of them were locked for too long.

    After `MAX_BUSY` of these it leaves the rest as well, so that it ends in time. Raises other
    database errors.
    """
    wanted, looked, busy = sorted(set(ids)), Looked(), set[UUID]()
    groups = deque(wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK))
    while groups and len(busy) < MAX_BUSY:
        group = groups.popleft()
        if (found := _unless_busy(stream_type, group, accept_held)) is not None:
            looked += found
        elif len(group) == 1:
            busy.update(group)
        else:
            groups.extendleft([key] for key in reversed(group))
    return LookedPast(looked, frozenset(busy.union(*groups)))


def _unless_busy(stream_type: str, ids: Sequence[UUID], accept_held: bool) -> Looked | None:
    """Return what the look has found, None when a row was locked for too long."""
    try:
        return look(stream_type, ids, accept_held=accept_held)
    except AggregateBusy:
        return None
    except Error as error:
        if meaning(error) not in WAITED_IN_VAIN:
            raise
        return None
