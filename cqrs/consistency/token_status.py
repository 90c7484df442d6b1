"""Whether projections have applied a write, by what stands on `replica` alone.

A token names an aggregate and its version. The aggregate's row, in the projection that is home to
its stream, holds the feed position of that version; another projection has applied the version when
the checkpoint of the partition that owns the aggregate is past that position. So this works without
the write database. Where the home projection has parked the version, the parked event has the
position.
"""

from collections.abc import Set
from enum import Enum
from typing import NamedTuple

from django.db.models import QuerySet

from cqrs.consistency.tokens import ConsistencyToken, InvalidToken, decode
from cqrs.database.aliases import READ_ALIAS
from cqrs.event_log.events import bucket_of
from cqrs.projections.models import ParkedEvent
from cqrs.projections.projection import Projection
from cqrs.projections.registry import homes, runner


class TokenStatus(Enum):
    APPLIED = "applied"
    PENDING = "pending"
    PARKED = "parked"


class FeedPlace(NamedTuple):
    """Where an aggregate's version stands in the feed: its position, and the bucket that has it."""

    position: int
    bucket: int


def decode_known(text: str) -> ConsistencyToken:
    """Return the token of a stream that a projection is home to. Raises `InvalidToken`."""
    token = decode(text)
    if token.stream_type not in homes():
        raise InvalidToken(f"There is nothing to wait for called {token.stream_type!r}")
    return token


def token_status(token: ConsistencyToken, names: Set[str]) -> TokenStatus:
    """Say whether the projections of these names have applied the aggregate's version.

    | applied at home, or home is not asked | the others are past | parked | status |
    | --- | --- | --- | --- |
    | any | any | yes | `PARKED` |
    | yes | yes | no | `APPLIED` |
    | otherwise | | | `PENDING` |

    The facts are read in that order, and the order is what makes them right: a worker parks an
    event and moves its checkpoint past it in one transaction. So a checkpoint that is read before
    the parked events cannot be past an event whose parking goes unnoticed. An event that was parked
    when the row was read and is applied now gives `PENDING`, and the next look finds the row.
    """
    home = homes()[token.stream_type]
    others = names - {home.name}
    place = _applied_at_home(token, home)
    is_applied = place is not None
    if is_applied and not others:
        return TokenStatus.APPLIED
    are_past = _others_are_past(token, home, others, place)
    if _is_parked(token, others if is_applied else names):
        return TokenStatus.PARKED
    home_has_it = is_applied or home.name not in names
    return TokenStatus.APPLIED if home_has_it and are_past else TokenStatus.PENDING


def _applied_at_home(token: ConsistencyToken, home: Projection) -> FeedPlace | None:
    """Return where the aggregate had the version, by its row; None if the row is older."""
    table = home.tables[0]
    rows = table.model._default_manager.filter(pk=token.stream_id, version__gte=token.version)
    row = rows.values_list("position", table.partition_key or "pk").first()
    return None if row is None else FeedPlace(row[0], bucket_of(row[1]))


def _parked_at_home(token: ConsistencyToken, home: Projection) -> FeedPlace | None:
    """Return the same by the parked event: other projections may have applied it all the same."""
    rows = _parked(token, {home.name}).filter(version__gte=token.version)
    row = rows.order_by("position").values_list("position", "bucket").first()
    return None if row is None else FeedPlace(*row)


def _others_are_past(
    token: ConsistencyToken, home: Projection, others: Set[str], place: FeedPlace | None
) -> bool:
    """Say whether every other projection has passed the place, in the partition that owns it."""
    if others and place is None:
        place = _parked_at_home(token, home)
    if place is None:
        return False
    found = runner.partitions.get(others, READ_ALIAS)
    owners = [checkpoint for checkpoint in found if checkpoint.owns(place.bucket)]
    return len(owners) == len(others) and all(each.position >= place.position for each in owners)


def _is_parked(token: ConsistencyToken, names: Set[str]) -> bool:
    return _parked(token, names).filter(version__lte=token.version).exists()


def _parked(token: ConsistencyToken, names: Set[str]) -> QuerySet[ParkedEvent]:
    kind, key = token.stream_type, token.stream_id
    return ParkedEvent.objects.filter(consumer__in=names, stream_type=kind, stream_id=key)
