"""The checkpoint rows of consumers: one per partition. A worker claims a partition by its lock."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from cqrs.consumers.consumer import Consumer
from cqrs.database.cursors import array, server_cursor
from cqrs.database.locks import LockSpace, lock
from cqrs.database.statements import Statement
from cqrs.models import AbstractCheckpoint

FIELDS = ("id", "consumer", "version", "partition", "partitions", "position", "event_id")


class Place(NamedTuple):
    """A position of the feed, and the id of the event there; None at 0."""

    position: int
    event_id: UUID | None


START = Place(0, None)
HEALING = UUID(int=0)
"""In a checkpoint instead of an event: `projections heal` builds the tables anew."""


@dataclass(frozen=True, slots=True)
class PartitionCheckpoint:
    """The checkpoint of one partition of a consumer. `event_id` is that of the event at `position`.

    The partition owns the buckets whose number modulo `partitions` is `partition`.
    """

    id: int
    consumer: str
    version: int
    partition: int
    partitions: int
    position: int
    event_id: UUID | None

    @property
    def place(self) -> Place:
        return Place(self.position, self.event_id)

    def at(self, place: Place) -> "PartitionCheckpoint":
        """Return the same partition at another place."""
        return replace(self, position=place.position, event_id=place.event_id)

    def owns(self, bucket: int) -> bool:
        return bucket % self.partitions == self.partition


class Partitions:
    """The checkpoints of consumers in one database."""

    def __init__(self, model: type[AbstractCheckpoint], alias: str) -> None:
        self.model = model
        self.alias = alias
        self.table = model._meta.db_table

    def get(self, names: Collection[str], using: str | None = None) -> list[PartitionCheckpoint]:
        """Return all partitions of the consumers, by consumer and partition."""
        rows = self.model._default_manager.using(using or self.alias).filter(consumer__in=names)
        found = rows.order_by("consumer", "partition").values_list(*FIELDS)
        return [PartitionCheckpoint(*row) for row in found]

    def start(self, consumer: Consumer, only: int | None = None) -> None:
        """Create the consumer's checkpoints unless it has some: of all partitions or `only` one."""
        with transaction.atomic(using=self.alias):
            # Two workers may come here at once, in a deploy with different numbers of partitions.
            lock(LockSpace.CHECKPOINT_START, self.table, consumer.name, using=self.alias)
            if not self.get([consumer.name]):
                which = range(consumer.partitions) if only is None else [only]
                self._create(consumer.name, consumer.version, consumer.partitions, which, START)

    def lock(self, names: Collection[str]) -> list[PartitionCheckpoint]:
        """Return the partitions as `get` does, and lock them until the transaction ends."""
        rows = self.model._default_manager.using(self.alias).filter(consumer__in=names)
        wanted = rows.order_by("consumer", "partition").select_for_update()
        while True:
            found = [PartitionCheckpoint(*row) for row in wanted.values_list(*FIELDS)]
            # The transaction that held the lock may have given the consumer's name to other rows.
            if found == self.get(names):
                return found

    def issue_claim(self, versions: Collection[tuple[str, int]], near: int) -> CursorWrapper:
        """Issue a claim of every free partition of these consumers that is at `near` or later.

        `versions` are names with versions: a partition of another one stays free for its build. The
        rows are all partitions of these names, each with whether it is claimed. A claim ends with
        the transaction.
        """
        fields = ", ".join(FIELDS)
        names, numbers = array([name for name, _ in versions]), array([of for _, of in versions])
        cursor = server_cursor(self.alias)
        cursor.execute(
            f"WITH mine AS (SELECT {fields} FROM {self.table}"  # noqa: S608
            " WHERE (consumer, version) IN (SELECT * FROM unnest(%s::text[], %s::int[]))"
            " AND position >= %s ORDER BY id"
            f" FOR UPDATE SKIP LOCKED) SELECT {fields}, true FROM mine"
            f" UNION ALL SELECT {fields}, false FROM {self.table}"
            " WHERE consumer = ANY(%s::text[]) AND id NOT IN (SELECT id FROM mine)",
            [names, numbers, near, names],
        )
        return cursor

    def issue_claim_of(self, checkpoint: PartitionCheckpoint) -> CursorWrapper:
        """Issue a claim of one partition; no row if a worker holds, has moved or swapped it."""
        cursor = server_cursor(self.alias)
        cursor.execute(
            f"SELECT id FROM {self.table} WHERE id = %s AND consumer = %s AND position = %s"  # noqa: S608
            " FOR UPDATE SKIP LOCKED",
            [checkpoint.id, checkpoint.consumer, checkpoint.position],
        )
        return cursor

    def advance(
        self, moved: Sequence[tuple[PartitionCheckpoint, Place]], level: int, age_s: float | None
    ) -> Statement:
        """Return the statement that moves claimed partitions, each to its place.

        Those that are at `level` then were caught up with the log `age_s` seconds ago, if that is
        known.
        """
        caught_up = ""
        parameters = [
            array([each.id for each, _ in moved]),
            array([reached.position for _, reached in moved]),
            array([reached.event_id for _, reached in moved]),
        ]
        if age_s is not None:
            caught_up = (
                ", caught_up_at = CASE WHEN new.position >= %s::bigint"
                " THEN clock_timestamp() - make_interval(secs => %s::float8) ELSE caught_up_at END"
            )
            parameters = [str(level), str(age_s), *parameters]
        return (
            f"UPDATE {self.table} AS row SET position = new.position,"  # noqa: S608
            f" event_id = new.event_id, failure = NULL, updated_at = clock_timestamp(){caught_up}"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::uuid[]) AS new(id, position, event_id)"
            " WHERE row.id = new.id",
            parameters,
        )

    def note_failure(self, consumer: Consumer, head: int, text: str) -> None:
        """Store why the consumer's partitions stay behind, except of those that a worker holds."""
        with connections[self.alias].cursor() as cursor:
            cursor.execute(
                f"UPDATE {self.table} SET failure = %s WHERE id IN (SELECT id FROM {self.table}"  # noqa: S608
                " WHERE consumer = %s AND version = %s AND position < %s ORDER BY id"
                " FOR UPDATE SKIP LOCKED)",
                [text, consumer.name, consumer.version, head],
            )

    def resize(self, consumer: str, partitions: int) -> None:
        """Replace the consumer's partitions, all at one place, by another number of them."""
        checkpoints = self.get([consumer])
        (place,) = {each.place for each in checkpoints}
        self.model._default_manager.using(self.alias).filter(consumer=consumer).delete()
        self._create(consumer, checkpoints[0].version, partitions, range(partitions), place)

    def _create(
        self, consumer: str, version: int, partitions: int, which: Iterable[int], place: Place
    ) -> None:
        self.model._default_manager.using(self.alias).bulk_create(
            self.model(
                consumer=consumer,
                version=version,
                partition=partition,
                partitions=partitions,
                position=place.position,
                event_id=place.event_id,
            )
            for partition in which
        )
