"""The checkpoint rows of consumers: one for each partition, claimed by locking it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from django.db import connections, transaction

from cqrs.database.locks import LockSpace, lock
from cqrs.models import AbstractCheckpoint

FIELDS = ("id", "consumer", "version", "partition", "partitions", "position")


class Consumed(Protocol):
    """What a checkpoint has to know of its consumer."""

    name: str
    version: int

    @property
    def partitions(self) -> int: ...


@dataclass(frozen=True, slots=True)
class PartitionCheckpoint:
    """One partition of a consumer and how far it has come.

    It owns the buckets whose number leaves `partition` when divided by `partitions`.
    """

    id: int
    consumer: str
    version: int
    partition: int
    partitions: int
    position: int

    def owns(self, bucket: int) -> bool:
        return bucket % self.partitions == self.partition


class Partitions:
    """The checkpoints of consumers in one database."""

    def __init__(self, model: type[AbstractCheckpoint], alias: str) -> None:
        self.model = model
        self.alias = alias
        self.table = model._meta.db_table

    def get(self, names: Collection[str], using: str | None = None) -> list[PartitionCheckpoint]:
        """Return every partition of the consumers, by consumer and partition."""
        rows = self.model._default_manager.using(using or self.alias).filter(consumer__in=names)
        found = rows.order_by("consumer", "partition").values_list(*FIELDS)
        return [PartitionCheckpoint(*row) for row in found]

    def start(self, consumer: Consumed, only: int | None = None) -> None:
        """Give the consumer its checkpoints if it has none: one a partition, or `only` that one."""
        with transaction.atomic(using=self.alias):
            # Two workers may meet here, in a deploy even with different numbers of partitions.
            lock(LockSpace.CHECKPOINT_START, self.table, consumer.name, using=self.alias)
            if not self.get([consumer.name]):
                which = range(consumer.partitions) if only is None else [only]
                self._create(consumer.name, consumer.version, consumer.partitions, which, 0)

    def lock(self, names: Collection[str]) -> list[PartitionCheckpoint]:
        """Return the partitions as `of` does, and keep everybody else from them."""
        rows = self.model._default_manager.using(self.alias).filter(consumer__in=names)
        wanted = rows.order_by("consumer", "partition").select_for_update()
        while True:
            found = [PartitionCheckpoint(*row) for row in wanted.values_list(*FIELDS)]
            # Whoever held the rows may have given their names to others meanwhile.
            if found == self.get(names):
                return found

    def claim(self, checkpoint: PartitionCheckpoint, upto: int) -> bool:
        """Claim the partition and move it up to `upto`, until the transaction ends.

        False when somebody else has it, or has moved it or swapped its tables meanwhile.
        """
        with connections[self.alias].cursor() as cursor:
            cursor.execute(
                f"UPDATE {self.table} SET position = %s, updated_at = clock_timestamp()"  # noqa: S608
                f" WHERE id = (SELECT id FROM {self.table} WHERE id = %s AND consumer = %s"
                " AND position = %s FOR UPDATE SKIP LOCKED)",
                [upto, checkpoint.id, checkpoint.consumer, checkpoint.position],
            )
            return bool(cursor.rowcount)

    def advance_idle(self, checkpoints: Collection[PartitionCheckpoint], upto: int) -> int:
        """Move partitions without an event up to `upto`; return the number of positions passed."""
        if not checkpoints:
            return 0
        found = [
            (checkpoint.id, checkpoint.consumer, checkpoint.position) for checkpoint in checkpoints
        ]
        with connections[self.alias].cursor() as cursor:
            cursor.execute(
                f"UPDATE {self.table} AS row SET position = %s, updated_at = clock_timestamp()"  # noqa: S608
                f" FROM (SELECT id, position FROM {self.table} WHERE (id, consumer, position) IN"
                " (SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[]))"
                " ORDER BY id FOR UPDATE SKIP LOCKED) AS old"
                " WHERE row.id = old.id RETURNING %s - old.position",
                [upto, *map(list, zip(*found, strict=True)), upto],
            )
            return sum(passed for (passed,) in cursor.fetchall())

    def resize(self, consumer: str, partitions: int) -> None:
        """Give the consumer, all of which stands at one position, another number of partitions."""
        checkpoints = self.get([consumer])
        (position,) = {checkpoint.position for checkpoint in checkpoints}
        self.model._default_manager.using(self.alias).filter(consumer=consumer).delete()
        self._create(consumer, checkpoints[0].version, partitions, range(partitions), position)

    def _create(
        self, consumer: str, version: int, partitions: int, which: Iterable[int], position: int
    ) -> None:
        self.model._default_manager.using(self.alias).bulk_create(
            self.model(
                consumer=consumer,
                version=version,
                partition=partition,
                partitions=partitions,
                position=position,
            )
            for partition in which
        )
