"""How far projections and reactions have come, in one shape. Reads only, and starts nothing."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from cqrs.consumers.ahead import ahead_of_log
from cqrs.consumers.partitions import PartitionCheckpoint
from cqrs.event_log import feed
from cqrs.models import ReactionWork
from cqrs.projections.projection import Projection
from cqrs.projections.registry import projection_names, runner
from cqrs.reactions.reaction import Reaction
from cqrs.reactions.registry import partitions as reaction_partitions

PROJECTION, REACTION = "projection", "reaction"
NO_ERROR = Q(error="")


@dataclass(frozen=True, slots=True)
class Progress:
    """What the tables of one consumer say.

    `positions` has (partition, position), `ahead` the partitions that are ahead of the log.
    `ages_s` says, by position, how long the first event after it waits. `waiting` counts the work
    rows without a failed attempt.
    """

    consumer: str
    kind: str
    version: int
    positions: tuple[tuple[int, int], ...]
    ages_s: dict[int, float]
    waiting: int = 0
    waiting_s: float = 0.0
    parked: int = 0
    parked_s: float = 0.0
    ahead: tuple[int, ...] = ()

    @property
    def position(self) -> int:
        """The position of the partition that is farthest behind."""
        return min(position for _, position in self.positions)

    @property
    def passed(self) -> int:
        """How many events it is done with."""
        return self.position - self.waiting

    def lag(self, head: int) -> int:
        return max(0, head - self.passed)


def of_projections(projections: Sequence[Projection]) -> list[Progress]:
    """Return the progress of each; one that never ran is at position 0."""
    checkpoints: dict[str, list[PartitionCheckpoint]] = {each.name: [] for each in projections}
    for checkpoint in runner.partitions.get(list(checkpoints)):
        checkpoints[checkpoint.consumer].append(checkpoint)
    every = [each for found in checkpoints.values() for each in found]
    ages_s = _ages_s(each.position for each in every)
    ahead = _ahead(every)
    parked = _parked(checkpoints)
    return [
        Progress(
            consumer=each.name,
            kind=PROJECTION,
            version=found[0].version if (found := checkpoints[each.name]) else each.version,
            positions=_positions(found) or tuple((number, 0) for number in range(each.partitions)),
            ages_s=ages_s,
            ahead=ahead.get(each.name, ()),
            **parked.get(each.name, {}),
        )
        for each in projections
    ]


def of_reactions(reactions: Sequence[Reaction], head: int) -> list[Progress]:
    """Return the progress of each; one that never ran will begin at the head."""
    names = [each.name for each in reactions]
    checkpoints = reaction_partitions.get(names)
    positions = {each.consumer: each.position for each in checkpoints}
    ages_s = _ages_s([*positions.values(), head])
    ahead = _ahead(checkpoints)
    work = _work(names)
    return [
        Progress(
            consumer=name,
            kind=REACTION,
            version=1,
            positions=((0, positions.get(name, head)),),
            ages_s=ages_s,
            ahead=ahead.get(name, ()),
            **work.get(name, {}),
        )
        for name in names
    ]


def ahead_projections() -> list[str]:
    """Return the projections whose serving tables are ahead of the log, with two statements."""
    found = ahead_of_log(runner.partitions.get(projection_names()))
    return list(dict.fromkeys(each.consumer for each in found))


def _ahead(checkpoints: Sequence[PartitionCheckpoint]) -> dict[str, tuple[int, ...]]:
    """Return the partitions that are ahead of the log, by consumer."""
    found = defaultdict[str, list[int]](list)
    for each in ahead_of_log(checkpoints):
        found[each.consumer].append(each.partition)
    return {name: tuple(numbers) for name, numbers in found.items()}


def _positions(checkpoints: Sequence[PartitionCheckpoint]) -> tuple[tuple[int, int], ...]:
    return tuple((each.partition, each.position) for each in checkpoints)


def _parked(names: Collection[str]) -> dict[str, dict[str, Any]]:
    rows = runner.parking.rows(*names).order_by().values("consumer")
    found = rows.annotate(count=Count("id"), oldest=Min("parked_at"))
    return {
        row["consumer"]: {"parked": row["count"], "parked_s": _age_s(row["oldest"])}
        for row in found
    }


def _work(names: Collection[str]) -> dict[str, dict[str, Any]]:
    rows = ReactionWork.objects.filter(reaction__in=names).values_list("reaction")
    found = rows.annotate(
        waiting=Count("id", filter=NO_ERROR),
        since=Min("created_at", filter=NO_ERROR),
        parked=Count("id", filter=~NO_ERROR),
        oldest=Min("created_at", filter=~NO_ERROR),
    )
    return {
        name: {
            "waiting": waiting,
            "waiting_s": _age_s(since),
            "parked": parked,
            "parked_s": _age_s(oldest),
        }
        for name, waiting, since, parked, oldest in found
    }


def _ages_s(positions: Iterable[int]) -> dict[int, float]:
    # 0 is the position of what never ran.
    return {position: feed.waiting_s(position) for position in {0, *positions}}


def _age_s(since: datetime | None) -> float:
    return 0.0 if since is None else round((timezone.now() - since).total_seconds(), 3)
