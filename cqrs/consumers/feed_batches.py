"""What one round of the runner reads of the feed."""

from collections.abc import Collection

from cqrs.consumers.partitions import Place
from cqrs.event_log import feed
from cqrs.event_log.feed import LoggedEvent

NEAR = 500  # positions; up to there one read serves all partitions of all consumers


class Windows:
    """The feed up to `head`. Partitions that stand at one place near the head share one read."""

    def __init__(self, head: int) -> None:
        self.head = head
        self._shared: dict[int, list[LoggedEvent]] = {}

    def end(self, place: Place, batch: int) -> int:
        """Return how far the partition's next batch reaches: its share is `batch` on average."""
        return min(self.head, place.position + batch * place.partitions)

    def is_idle(self, place: Place, types: Collection[str]) -> bool:
        """Say whether the partition is near the head and nothing there is for it."""
        return self._is_near(place) and not self.events(place, types, self.head)

    def events(self, place: Place, types: Collection[str], upto: int) -> list[LoggedEvent]:
        """Return the events of these types that are the partition's own, up to a position."""
        if not self._is_near(place):
            partition = {"partition": place.partition, "partitions": place.partitions}
            return feed.window(place.position, upto, types=list(types), **partition)
        if place.position not in self._shared:
            self._shared[place.position] = feed.window(place.position, self.head)
        return [
            event
            for event in self._shared[place.position]
            if event.position <= upto and event.type in types and place.owns(event.bucket)
        ]

    def _is_near(self, place: Place) -> bool:
        return self.head - place.position <= NEAR
