"""The consumer runner: claim a partition, read the feed, apply a batch, save the checkpoint.

Projections on `replica` and reactions on `default` share it. The checkpoint is saved in the
transaction of the effects, in their database: whatever crashes, an event takes effect once.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from django.db import transaction

from cqrs import feed, sequencer
from cqrs.events import StoredEvent
from cqrs.models import Checkpoint

BATCH = 500
TRACED = 20  # events of a batch whose requests its log line names

log = structlog.get_logger("cqrs.consumers")


class Consumer(Protocol):
    """What reads the feed. `apply` writes a batch's effects inside the runner's transaction."""

    name: str
    version: int
    partitions: int

    def apply(self, events: Sequence[StoredEvent]) -> None:
        """Write the effects of the events, which come in feed order."""


class Runner:
    """Runs consumers whose effects live in one database.

    `alias` is that database, `checkpoints` its checkpoint model.
    """

    def __init__(self, checkpoints: type[Checkpoint], alias: str, batch: int = BATCH) -> None:
        self.checkpoints = checkpoints
        self.alias = alias
        self.batch = batch

    def drain(self, consumer: Consumer, on_batch: Callable[[int], None] | None = None) -> int:
        """Apply everything that the feed holds; return the number of positions passed.

        A partition that another worker holds is left to it. An exception of the consumer
        leaves the checkpoint where it was: the batch is tried again on the next call.
        """
        return sum(
            self._drain_partition(consumer, partition, on_batch)
            for partition in range(consumer.partitions)
        )

    def positions(self, consumer: Consumer) -> list[int]:
        """Return the checkpoint of each partition; 0 where it has not begun."""
        found = dict(self._rows(consumer).values_list("partition", "position"))
        return [found.get(partition, 0) for partition in range(consumer.partitions)]

    def _drain_partition(
        self, consumer: Consumer, partition: int, on_batch: Callable[[int], None] | None
    ) -> int:
        self._ensure_row(consumer, partition)
        total = 0
        while True:
            claimed, passed, position = self._apply_batch(consumer, partition)
            total += passed
            if passed and on_batch:
                on_batch(passed)
            # Somebody may have fed the log and failed to claim the partition while it was
            # held here, so look once more after letting go.
            if not claimed or sequencer.head() <= position:
                return total

    def _apply_batch(self, consumer: Consumer, partition: int) -> tuple[bool, int, int]:
        with transaction.atomic(using=self.alias):
            row = (
                self._rows(consumer)
                .filter(partition=partition)
                .select_for_update(skip_locked=True)
                .first()
            )
            if row is None:
                return False, 0, 0
            before = row.position
            events, upto = feed.read(
                before, self.batch, partition=partition, partitions=consumer.partitions
            )
            if upto == before:
                return True, 0, before
            if events:
                consumer.apply(events)
            row.position = upto
            row.save(using=self.alias, update_fields=["position", "updated_at"])
        if events:
            _log(consumer, events, upto)
        return True, upto - before, upto

    def _ensure_row(self, consumer: Consumer, partition: int) -> None:
        if self._rows(consumer).filter(partition=partition).exists():
            return
        row = self.checkpoints(
            consumer=consumer.name,
            version=consumer.version,
            partition=partition,
            partitions=consumer.partitions,
        )
        # Two workers may meet here on the first start.
        self.checkpoints._default_manager.using(self.alias).bulk_create(
            [row], ignore_conflicts=True
        )

    def _rows(self, consumer: Consumer):  # type: ignore[no-untyped-def]
        return self.checkpoints._default_manager.using(self.alias).filter(
            consumer=consumer.name, version=consumer.version
        )


def _log(consumer: Consumer, events: Sequence[StoredEvent], position: int) -> None:
    """Say what was applied, and for which requests: a trace ends here."""
    named = events[:TRACED]
    log.info(
        "applied",
        consumer=consumer.name,
        events=len(events),
        position=position,
        correlation_ids=_distinct("correlation_id", named),
        traceparents=_distinct("traceparent", named),
    )


def _distinct(name: str, events: Sequence[StoredEvent]) -> list[str]:
    found = (event.metadata.get(name) for event in events)
    return list(dict.fromkeys(value for value in found if value))
