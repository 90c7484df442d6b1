"""Handle the events that failed, of projections and of reactions, for command line and admin."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet

from cqrs.models import ReactionWork
from cqrs.projections.registry import projections, runner
from cqrs.reactions import executor
from cqrs.reactions.registry import reactions
from cqrs.rebuild.serving import stored_consumers

log = structlog.get_logger("cqrs.parking")


class FailedEvents(ABC):
    """The failed events of one kind of consumer. Their rows have the same names of attributes."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the consumers of this kind."""

    @abstractmethod
    def rows(self, names: Collection[str]) -> QuerySet[Any]:
        """Return the failed events of the consumers in the order of the feed."""

    @abstractmethod
    def retry(self, rows: Sequence[Any]) -> int:
        """Retry these now; return how many events took effect."""

    @abstractmethod
    def retry_all(self, names: Collection[str]) -> int:
        """Retry every failed event of the consumers; return how many took effect."""

    @abstractmethod
    def discard(self, rows: Sequence[Any]) -> None:
        """Delete the rows: the events never take effect."""


class OfProjections(FailedEvents):
    """Parked events: the failed one of an aggregate, and those that wait behind it."""

    def names(self) -> list[str]:
        return [projection.name for projection in projections()]

    def rows(self, names: Collection[str]) -> QuerySet[Any]:
        return runner.parking.rows(*names)

    def retry(self, rows: Sequence[Any]) -> int:
        """Retry the aggregates of these events, each in order."""
        by_name = stored_consumers(projections())
        streams = dict.fromkeys((row.consumer, (row.stream_type, row.stream_id)) for row in rows)
        known = [(by_name[name], stream) for name, stream in streams if name in by_name]
        return sum(runner.retries.retry(consumer, stream) for consumer, stream in known)

    def retry_all(self, names: Collection[str]) -> int:
        by_name = stored_consumers(projections())
        return sum(runner.retries.retry_all(by_name[name]) for name in names if name in by_name)

    def discard(self, rows: Sequence[Any]) -> None:
        with transaction.atomic(using=runner.alias):
            # Else a worker could queue an event behind one that is being discarded.
            runner.partitions.lock({row.consumer for row in rows})
            runner.parking.discard(rows)


class OfReactions(FailedEvents):
    """Work rows with an error, whether they are tried again by themselves or not."""

    def names(self) -> list[str]:
        return [reaction.name for reaction in reactions()]

    def rows(self, names: Collection[str]) -> QuerySet[Any]:
        failed = ReactionWork.objects.exclude(error="")
        return failed.filter(reaction__in=names).order_by("position")

    def retry(self, rows: Sequence[Any]) -> int:
        """Attempt these rows; while a worker executes the reaction, they are left to it."""
        for reaction in reactions():
            if ids := [row.pk for row in rows if row.reaction == reaction.name]:
                executor.retry(reaction, ids)
        left = ReactionWork.objects.filter(pk__in=[row.pk for row in rows])
        return len(rows) - left.count()

    def retry_all(self, names: Collection[str]) -> int:
        return self.retry(list(self.rows(names)))

    def discard(self, rows: Sequence[Any]) -> None:
        for row in rows:
            row.delete()
            log.warning("event_discarded", consumer=row.reaction, event_id=str(row.event_id))


of_projections = OfProjections()
of_reactions = OfReactions()
KINDS: tuple[FailedEvents, ...] = (of_projections, of_reactions)
