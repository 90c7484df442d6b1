"""The work rows: take one for an attempt, and record how the attempt ended."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from django.db import connection

from cqrs.database.outages import is_outage
from cqrs.database.sqlstates import Blame, blame
from cqrs.event_log.personal_texts import personal_texts_of
from cqrs.event_log.upcasters import NeedsNewerCode
from cqrs.messaging.error_text import error_text
from cqrs.reactions.reacting import TooManyHops
from cqrs.reactions.reaction import Reaction

# The delays double up to an hour: a row is parked when it has failed for about two hours.
ATTEMPTS = 14
FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 3600.0
EARLY_DELAY_S = 10.0  # after newer code, or the database, was missing
INTERRUPTED = "Every attempt was interrupted: its process ended before the call returned"

log = structlog.get_logger("cqrs.reactions")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a row. `number` counts from 1 and includes this attempt."""

    id: int
    event_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of a reaction's rows to take: a condition in SQL."""

    condition: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


# statement_timestamp(), because an index cannot serve clock_timestamp(), which is volatile.
NEW = Selection("due_at <= statement_timestamp() AND attempts = 0")
FAILED = Selection(f"due_at <= statement_timestamp() AND attempts BETWEEN 1 AND {ATTEMPTS - 1}")

_NEXT = """
SELECT {columns} FROM cqrs_reactionwork WHERE reaction = %(reaction)s AND {condition}
ORDER BY due_at, position LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_LOCK = _NEXT.replace("{columns}", "id, event_id, attempts + 1")
_DELAY = f"least({FIRST_DELAY_S} * power(2, least({{attempts}} - 1, 30)), {LONGEST_DELAY_S})"
_LEASE = f"""
UPDATE cqrs_reactionwork SET attempts = attempts + 1, due_at = clock_timestamp()
       + make_interval(secs => %(deadline_s)s + {_DELAY.format(attempts="attempts + 1")})
WHERE id = ({_NEXT.replace("{columns}", "id")}) RETURNING id, event_id, attempts
"""  # noqa: S608
# An attempt that has lost its lease to a later one changes nothing.
_FINISH = "DELETE FROM cqrs_reactionwork WHERE id = %(id)s AND attempts <= %(number)s"
_FAIL = f"""
UPDATE cqrs_reactionwork SET attempts = %(attempts)s, error = %(error)s,
       due_at = CASE WHEN %(is_parked)s THEN NULL ELSE clock_timestamp() + make_interval(
           secs => coalesce(%(delay_s)s, {_DELAY.format(attempts="%(number)s")})) END
WHERE id = %(id)s AND attempts <= %(number)s
"""  # noqa: S608
_PARK_INTERRUPTED = f"""
UPDATE cqrs_reactionwork SET due_at = NULL, error = coalesce(nullif(error, ''), '{INTERRUPTED}')
WHERE reaction = %s AND due_at <= statement_timestamp() AND attempts >= {ATTEMPTS}
"""  # noqa: S608
_DUE = """
SELECT name FROM unnest(%s::text[]) AS name WHERE EXISTS (
    SELECT FROM cqrs_reactionwork WHERE reaction = name AND due_at <= statement_timestamp())
"""
_MAKE_DUE = f"""
UPDATE cqrs_reactionwork
SET due_at = clock_timestamp(), attempts = least(attempts, {ATTEMPTS - 1}) WHERE id = ANY(%s)
"""  # noqa: S608


def only(row_id: int) -> Selection:
    """Select one row, due or not."""
    return Selection("id = %(id)s", {"id": row_id})


def lease(reaction: Reaction, which: Selection) -> Attempt | None:
    """Take a row for an attempt outside this transaction; None if there is none.

    Until the deadline of the call and the delay after it have passed, no other process takes it.
    """
    return _take(_LEASE, reaction, which)


def lock(reaction: Reaction, which: Selection) -> Attempt | None:
    """Lock a row for an attempt in this transaction; None if there is none."""
    return _take(_LOCK, reaction, which)


def finish(attempt: Attempt) -> None:
    """Delete the row: the event has taken effect."""
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, {"id": attempt.id, "number": attempt.number})


def fail(reaction: Reaction, attempt: Attempt, error: Exception) -> None:
    """Store the error and the time of the next attempt; after the last one the row is parked."""
    is_early = isinstance(error, NeedsNewerCode) or _is_of_the_server(error)
    is_parked = isinstance(error, TooManyHops) or (attempt.number >= ATTEMPTS and not is_early)
    parameters: dict[str, int | float | str | None] = {
        "id": attempt.id,
        "number": attempt.number,
        "attempts": attempt.number - is_early,
        "error": error_text(error, personal_texts_of(attempt.event_id)),
        "is_parked": is_parked,
        "delay_s": EARLY_DELAY_S if is_early else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FAIL, parameters)
    log.warning(
        "reaction_parked" if is_parked else "reaction_postponed",
        reaction=reaction.name,
        event_id=str(attempt.event_id),
        attempts=attempt.number,
        error=type(error).__name__,
    )


def _is_of_the_server(error: Exception) -> bool:
    """Return whether the database alone is to blame: then the attempt does not count.

    A lost connection counts: an event can be what ends it, each time.
    """
    return blame(error) is not Blame.EVENT and not is_outage(error)


def park_interrupted(reaction: Reaction) -> None:
    """Park the rows whose last attempt did not end, because its process ended before."""
    with connection.cursor() as cursor:
        cursor.execute(_PARK_INTERRUPTED, [reaction.name])


def due(names: Collection[str]) -> list[str]:
    """Return which of these reactions have rows that are due."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [list(names)])
        return [name for (name,) in cursor.fetchall()]


def make_due(ids: Collection[int]) -> None:
    """Let these rows be due at once; a parked one for one more attempt."""
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_DUE, [list(ids)])


def _take(sql: str, reaction: Reaction, which: Selection) -> Attempt | None:
    parameters = {"reaction": reaction.name, "deadline_s": reaction.deadline_s, **which.parameters}
    with connection.cursor() as cursor:
        cursor.execute(sql.format(condition=which.condition), parameters)
        row = cursor.fetchone()
    return None if row is None else Attempt(*row)
