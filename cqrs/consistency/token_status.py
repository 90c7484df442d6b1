"""Decide whether projections have applied a write, by reading `replica` alone.

A token names an aggregate and its version. The aggregate's row, or its tombstone, in the home
projection of its stream, has the feed position of that version, if the read models follow the
token's epoch of the log. Another projection has applied the
version when the checkpoint of the partition that owns the aggregate is past that position. So the
write database is not needed. If the home projection has parked the version, the parked event has
the position.
"""

from collections.abc import Set
from enum import Enum
from typing import Any, NamedTuple

from django.db.models import Exists, QuerySet, Subquery
from django.db.models.functions import Coalesce

from cqrs.consistency.tokens import ConsistencyToken, InvalidToken, decode
from cqrs.consumers.partitions import HEALING
from cqrs.database.aliases import READ_ALIAS
from cqrs.event_log.events import bucket_of
from cqrs.projections.models import LogEpoch, ParkedEvent, ProjectionCheckpoint, Tombstone
from cqrs.projections.projection import Projection
from cqrs.projections.registry import homes, runner


class TokenStatus(Enum):
    APPLIED = "applied"
    PENDING = "pending"
    PARKED = "parked"


class FeedPosition(NamedTuple):
    """The position of an aggregate's version in the feed, and its bucket."""

    position: int
    bucket: int


def decode_known(text: str) -> ConsistencyToken:
    """Return the token, whose stream must have a home projection. Raises `InvalidToken`."""
    token = decode(text)
    if token.stream_type not in homes():
        raise InvalidToken(f"There is nothing to wait for called {token.stream_type!r}")
    return token


def token_status(token: ConsistencyToken, names: Set[str]) -> TokenStatus:
    """Return whether the projections of these names have applied the aggregate's version.

    | applied at home, or home is not asked | the others are past | parked elsewhere | status |
    | --- | --- | --- | --- |
    | any | any | yes | `PARKED` |
    | yes | yes | no | `APPLIED` |
    | otherwise | | | `PENDING` |

    "Elsewhere" is in a projection that is asked and has no row of that version. Applied at home and
    nothing else asked is `APPLIED` at once.

    The columns are read in this order, from left to right. The order matters: a worker parks an
    event and moves its checkpoint past it in one transaction, so the parked events are read after
    the checkpoints. In the other order, an event could be parked between the two reads and look
    applied. An event that was parked when the row was read, and is applied since, gives `PENDING`;
    the next check finds the row.
    """
    home = homes()[token.stream_type]
    others = names - {home.name}
    event = _applied_at_home(token, home)
    is_applied = event is not None
    if is_applied and not others:
        return TokenStatus.APPLIED
    are_past = _others_are_past(token, home, others, event)
    if _is_parked(token, others if is_applied else names):
        return TokenStatus.PARKED
    home_has_it = is_applied or home.name not in names
    return TokenStatus.APPLIED if home_has_it and are_past else TokenStatus.PENDING


def _applied_at_home(token: ConsistencyToken, home: Projection) -> FeedPosition | None:
    """Return the version's position by the aggregate's row; None if the row is older."""
    table = home.home_table
    rows = table.model._default_manager.filter(pk=token.stream_id, version__gte=token.version)
    row = _in_epoch(rows, token, home).values_list("position", table.partition_key or "pk").first()
    if row is None:
        return _deleted_at_home(token, home) if table.deletable else None
    return FeedPosition(row[0], bucket_of(row[1]))


def _deleted_at_home(token: ConsistencyToken, home: Projection) -> FeedPosition | None:
    """Return the version's position by the tombstone of the aggregate's row."""
    rows = Tombstone.objects.filter(
        consumer=home.name,
        table_name=home.home_table.name,
        key=str(token.stream_id),
        version__gte=token.version,
    )
    row = _in_epoch(rows, token, home).values_list("position", "bucket").first()
    return None if row is None else FeedPosition(*row)


def _in_epoch(
    rows: QuerySet[Any, Any], token: ConsistencyToken, home: Projection
) -> QuerySet[Any, Any]:
    """Leave the rows if they are of the token's epoch: another one has the same versions."""
    current = Coalesce(Subquery(LogEpoch.objects.values("epoch")[:1]), 0)
    healing = ProjectionCheckpoint.objects.filter(consumer=home.name, event_id=HEALING)
    found: QuerySet[Any, Any] = rows.alias(log_epoch=current).filter(
        ~Exists(healing), log_epoch=token.epoch
    )
    return found


def _parked_at_home(token: ConsistencyToken, home: Projection) -> FeedPosition | None:
    """Return the version's position by its parked event: other projections may have applied it."""
    rows = _parked(token, {home.name}).filter(version__gte=token.version)
    row = rows.order_by("position").values_list("position", "bucket").first()
    return None if row is None else FeedPosition(*row)


def _others_are_past(
    token: ConsistencyToken, home: Projection, others: Set[str], event: FeedPosition | None
) -> bool:
    """Return whether the other projections' checkpoints are past the event, in its partition."""
    if others and event is None:
        event = _parked_at_home(token, home)
    if event is None:
        return False
    checkpoints = runner.partitions.get(others, READ_ALIAS)
    owners = [each for each in checkpoints if each.owns(event.bucket)]
    return len(owners) == len(others) and all(each.position >= event.position for each in owners)


def _is_parked(token: ConsistencyToken, names: Set[str]) -> bool:
    return _parked(token, names).filter(version__lte=token.version).exists()


def _parked(token: ConsistencyToken, names: Set[str]) -> QuerySet[ParkedEvent]:
    kind, key = token.stream_type, token.stream_id
    return ParkedEvent.objects.filter(consumer__in=names, stream_type=kind, stream_id=key)
