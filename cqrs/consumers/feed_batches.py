"""Read the feed for one round of the runner."""

from collections.abc import Collection

from cqrs.consumers.partitions import PartitionCheckpoint
from cqrs.event_log import feed
from cqrs.event_log.feed import RawEvent

NEAR_HEAD_POSITIONS = 500  # this near to the head, one read serves all partitions of all consumers


class FeedBatches:
    """Reads the feed up to `head`. Partitions at one position near the head share a read."""

    def __init__(self, head: int) -> None:
        self.head = head
        self._shared: dict[int, list[RawEvent]] = {}

    def end(self, checkpoint: PartitionCheckpoint, batch: int) -> int:
        """Return where the partition's next batch ends: it has `batch` events on average."""
        return min(self.head, checkpoint.position + batch * checkpoint.partitions)

    def is_idle(self, checkpoint: PartitionCheckpoint, types: Collection[str]) -> bool:
        """Return whether the partition is near the head and has no event up to it."""
        return self._is_near(checkpoint) and not self.events(checkpoint, types, self.head)

    def events(
        self, checkpoint: PartitionCheckpoint, types: Collection[str], upto: int
    ) -> list[RawEvent]:
        """Return the partition's events of these types, up to a position."""
        if not self._is_near(checkpoint):
            partition = {"partition": checkpoint.partition, "partitions": checkpoint.partitions}
            return feed.window(checkpoint.position, upto, types=list(types), **partition)
        if checkpoint.position not in self._shared:
            self._shared[checkpoint.position] = feed.window(checkpoint.position, self.head)
        return [
            event
            for event in self._shared[checkpoint.position]
            if event.position <= upto and event.type in types and checkpoint.owns(event.bucket)
        ]

    def _is_near(self, checkpoint: PartitionCheckpoint) -> bool:
        return self.head - checkpoint.position <= NEAR_HEAD_POSITIONS
