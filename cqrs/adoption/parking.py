"""Park the outside changes that are not adopted, each with a reason, for a person to decide."""

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from cqrs.models import ParkedChange


@dataclass(frozen=True, slots=True)
class Parked:
    """What is parked of some aggregates of one type, with the reasons.

    `held` are those that stay although a look would adopt them; `all_held`: missing rows do.
    """

    reasons: Mapping[UUID, str]
    held: frozenset[UUID]
    all_held: bool

    def holds(self, aggregate_id: UUID, rows: Container[UUID]) -> bool:
        """Return whether a look leaves the aggregate alone. `rows` has those with a row."""
        return aggregate_id in self.held or (self.all_held and aggregate_id not in rows)


def park(stream_type: str, aggregate_id: UUID | None, reason: str) -> None:
    """Park a change that the rows alone do not show, such as a changed key; None: all rows.

    Looks leave it alone until the rows are as they were, or a person accepts what they are.
    """
    _park(stream_type, aggregate_id, reason, is_held=True)


def park_found(stream_type: str, aggregate_id: UUID, reason: str) -> None:
    """Park what a look could not adopt; the next look tries it again."""
    _park(stream_type, aggregate_id, reason, is_held=False)


def _park(stream_type: str, aggregate_id: UUID | None, reason: str, *, is_held: bool) -> None:
    row = ParkedChange(
        stream_type=stream_type, stream_id=aggregate_id, reason=reason, is_held=is_held
    )
    with transaction.atomic():
        if aggregate_id is None:  # NULL is no conflict
            ParkedChange.objects.filter(stream_type=stream_type, stream_id=None).delete()
        ParkedChange.objects.bulk_create(
            [row],
            update_conflicts=True,  # another look can be first
            unique_fields=["stream_type", "stream_id"],
            update_fields=["reason", "is_held"] if is_held else ["reason"],
        )


def parked_of(stream_type: str, ids: Collection[UUID]) -> Parked:
    """Return what is parked of these aggregates."""
    of_ids = Q(stream_id__in=ids) | Q(stream_id=None)
    found = [*ParkedChange.objects.filter(of_ids, stream_type=stream_type)]
    return Parked(
        {row.stream_id: row.reason for row in found if row.stream_id},
        frozenset(row.stream_id for row in found if row.stream_id and row.is_held),
        any(row.stream_id is None for row in found),
    )


def replace(stream_type: str, before: Parked, now: Mapping[UUID, str]) -> None:
    """Park what a look has found, and take away what is in order now."""
    gone = [key for key, reason in before.reasons.items() if now.get(key) != reason]
    new = [key for key, reason in now.items() if before.reasons.get(key) != reason]
    if gone:
        ParkedChange.objects.filter(stream_type=stream_type, stream_id__in=gone).delete()
    if new:
        ParkedChange.objects.bulk_create(
            (ParkedChange(stream_type=stream_type, stream_id=key, reason=now[key]) for key in new),
            ignore_conflicts=True,  # another look was first
        )


def all_rows_parked(stream_type: str) -> QuerySet[ParkedChange]:
    """Return what is parked of all rows of a type, as it is now."""
    found = ParkedChange.objects.filter(stream_type=stream_type, stream_id=None)
    return ParkedChange.objects.filter(pk__in=list(found.values_list("pk", flat=True)))
