"""Which failed events `projections parked` lists, retries or discards."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError
from django.db.models import QuerySet

from cqrs.messaging.grammar import uuid
from cqrs.operations.parked import KINDS, FailedEvents

Chosen = list[tuple[FailedEvents, Sequence[str], QuerySet[Any]]]
"""Rows by kind of consumer, with the names of the consumers."""


def chosen_events(names: Sequence[str], ids: Sequence[UUID] | None) -> Chosen:
    """Return the failed events by kind of consumer. Raises `CommandError` for an unknown name."""
    known = [name for kind in KINDS for name in kind.names()]
    if unknown := [name for name in names if name not in known]:
        raise CommandError(
            f"There is no consumer {', '.join(unknown)}. There are: {', '.join(known)}"
        )
    found: Chosen = []
    for kind in KINDS:
        of_kind = [name for name in kind.names() if not names or name in names]
        rows = kind.rows(of_kind)
        found.append((kind, of_kind, rows if ids is None else rows.filter(event_id__in=ids)))
    return found


def require_parked(found: Chosen, ids: Sequence[UUID]) -> None:
    """Raise `CommandError` if an event that was named is not there."""
    there = {row.event_id for _, _, rows in found for row in rows} if ids else set()
    if missing := [str(each) for each in ids if each not in there]:
        raise CommandError(
            f"These events are not parked, and nothing was done: {', '.join(missing)}"
        )


def event_ids(texts: Sequence[str]) -> list[UUID]:
    """Read the arguments of `--event`. Raises `CommandError`."""
    try:
        return [uuid(text) for text in texts]
    except ValueError:
        raise CommandError("--event takes the id of an event, as `parked list` shows it") from None
