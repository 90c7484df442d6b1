"""Whether projections have seen a write, by what stands on `replica` alone.

The token names an aggregate and its version. The aggregate's own read row holds the feed position
of that version, and a projection has seen it when the checkpoint of the partition that owns the
aggregate is past it. So this works without the write database. Where that row's own projection has
parked the version, what is parked says its position.
"""

from collections.abc import Set
from enum import Enum

from django.db.models import QuerySet

from cqrs.consistency.tokens import ConsistencyToken, InvalidToken, decode
from cqrs.database.aliases import READ_ALIAS
from cqrs.event_log.events import bucket_of
from cqrs.projections.engine import Projection
from cqrs.projections.models import ParkedEvent
from cqrs.projections.registry import homes, runner


class TokenStatus(Enum):
    APPLIED = "applied"
    PENDING = "pending"
    PARKED = "parked"


def readable(text: str) -> ConsistencyToken:
    """Return the token. Raises `InvalidToken`."""
    token = decode(text)
    if token.stream_type not in homes():
        raise InvalidToken(f"There is nothing to wait for called {token.stream_type!r}")
    return token


def token_status(token: ConsistencyToken, names: Set[str]) -> TokenStatus:
    """Say whether the projections of these names have applied the aggregate's version.

    What only others could not apply is of no matter.
    """
    home = homes()[token.stream_type]
    others = names - {home.name}
    checkpoint = _applied_place(token, home)
    if is_home := checkpoint is not None:
        if not others:
            return TokenStatus.APPLIED
    elif others:
        checkpoint = _parked_place(token, home)
    # Before looking at what is parked: an event may be parked at this moment, and then passed.
    are_past = checkpoint is not None and _are_past(others, *checkpoint)
    if _is_parked(token, others if is_home else names):
        return TokenStatus.PARKED
    # Parked a moment ago and not any more: the row is there now, and the next look finds it.
    return TokenStatus.APPLIED if are_past and (is_home or others == names) else TokenStatus.PENDING


def _applied_place(token: ConsistencyToken, home: Projection) -> tuple[int, int] | None:
    """Return a position at which the aggregate had the version, and its bucket; None if not yet."""
    table = home.tables[0]
    rows = table.model._default_manager.filter(pk=token.stream_id, version__gte=token.version)
    row = rows.values_list("position", table.partition_key or "pk").first()
    return None if row is None else (row[0], bucket_of(row[1]))


def _parked_place(token: ConsistencyToken, home: Projection) -> tuple[int, int] | None:
    """Return the same by what is parked at home: others may have applied it all the same."""
    rows = _parked(token, {home.name}).filter(version__gte=token.version)
    return rows.order_by("position").values_list("position", "bucket").first()


def _is_parked(token: ConsistencyToken, names: Set[str]) -> bool:
    return _parked(token, names).filter(version__lte=token.version).exists()


def _parked(token: ConsistencyToken, names: Set[str]) -> QuerySet[ParkedEvent]:
    kind, key = token.stream_type, token.stream_id
    return ParkedEvent.objects.filter(consumer__in=names, stream_type=kind, stream_id=key)


def _are_past(names: Set[str], position: int, bucket: int) -> bool:
    checkpoints = [each for each in runner.partitions.get(names, READ_ALIAS) if each.owns(bucket)]
    return len(checkpoints) == len(names) and all(
        checkpoint.position >= position for checkpoint in checkpoints
    )
