"""Consumers that do in one call what a projection does in phases."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cqrs.event_log.events import RecordedEvent


@dataclass
class AppliedBatch:
    """A batch with one phase."""

    apply: Callable[[Sequence[RecordedEvent]], None]
    events: Sequence[RecordedEvent]
    has_follow_up: bool = False

    def loads(self) -> tuple[()]:
        return ()

    def fold(self, _: Any) -> tuple[()]:
        return ()

    def follow_up(self) -> None:
        self.apply(self.events)


class Applying:
    """The base of a consumer with `name`, `types` and `apply`."""

    version, partitions = 1, 1
    home_of = None

    def apply(self, events: Sequence[RecordedEvent]) -> None:
        raise NotImplementedError

    def batch(self, events: Sequence[RecordedEvent]) -> AppliedBatch:
        return AppliedBatch(self.apply, events)

    def writes(self, table: str, column: str) -> bool:
        return True

    def skipped(self, events: Any) -> tuple[int, ...]:
        return ()
