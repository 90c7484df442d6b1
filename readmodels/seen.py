"""Whether projections have seen a write, by what stands on `replica` alone.

The token names an aggregate and its version. The aggregate's own read row holds the feed position
of that version, and a projection has seen it when the checkpoint of the partition that owns the
aggregate is past it. So this works without the write database.
"""

from collections.abc import Set
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from cqrs.events import bucket_of
from cqrs.tokens import ConsistencyToken, InvalidToken, decode
from readmodels.models import (
    CustomerReadModel,
    OrderReadModel,
    ParkedEvent,
    ReadModel,
    StockReadModel,
)
from readmodels.projections import PROJECTIONS, runner
from readmodels.router import READ_ALIAS

ALL = frozenset(projection.name for projection in PROJECTIONS)


class Seen(Enum):
    YES = "yes"
    NOT_YET = "not yet"
    PARKED = "parked"


class Home(NamedTuple):
    """Where an aggregate's versions are found, and what its events are partitioned by."""

    projection: str
    model: type[ReadModel]
    partition_key: str


HOMES = {
    "order": Home("orders", OrderReadModel, "customer_id"),
    "customer": Home("customers", CustomerReadModel, "id"),
    "stock": Home("stock", StockReadModel, "id"),
}


def readable(text: str) -> ConsistencyToken:
    """Return the token. Raises `InvalidToken`."""
    token = decode(text)
    if token.stream_type not in HOMES:
        raise InvalidToken(f"There is nothing to wait for called {token.stream_type!r}")
    return token


def look(token: ConsistencyToken, names: Set[str]) -> Seen:
    """Say whether the projections of these names have applied the aggregate's version."""
    home = HOMES[token.stream_type]
    row = (
        home.model._default_manager.filter(pk=token.stream_id, version__gte=token.version)
        .values_list("position", home.partition_key)
        .first()
    )
    others = names - {home.projection}
    if row is not None and not others:
        return Seen.YES
    # Before looking at what is parked: an event may be parked at this moment, and then passed.
    are_past = row is not None and _are_past(others, *row)
    if _is_parked(token, {*others, home.projection} if row is None else others):
        return Seen.PARKED
    return Seen.YES if are_past else Seen.NOT_YET


def _is_parked(token: ConsistencyToken, names: Set[str]) -> bool:
    kind, key = token.stream_type, token.stream_id
    rows = ParkedEvent.objects.filter(consumer__in=names, stream_type=kind, stream_id=key)
    return rows.filter(version__lte=token.version).exists()


def _are_past(names: Set[str], position: int, partition_key: UUID) -> bool:
    bucket = bucket_of(partition_key)
    places = [each for each in runner.partitions.of(names, READ_ALIAS) if each.owns(bucket)]
    return len(places) == len(names) and all(place.position >= position for place in places)
