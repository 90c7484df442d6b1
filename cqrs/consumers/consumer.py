"""What the runner needs of a consumer: which events it wants, and their effects in phases."""

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from cqrs.database.statements import Selected, Statement, execute
from cqrs.event_log.events import RecordedEvent
from cqrs.event_log.feed import RawEvent


class Batch(Protocol):
    """The effects of some events. The runner calls the phases in this order, in a transaction.

    The statements of the first two are the runner's to execute, those of all consumers together.
    """

    events: Sequence[RecordedEvent]

    def loads(self) -> Sequence[Statement]:
        """Return the statements that load what the events can change, all of the same columns."""

    def fold(self, loaded: Sequence[Sequence[Any]]) -> Sequence[Statement]:
        """Return the statements that write, given the rows of each load.

        Reads and writes nothing. Raises for an event that is wrong.
        """

    @property
    def has_follow_up(self) -> bool:
        """Return whether so much follows that no other consumer should wait for it."""

    def follow_up(self) -> None:
        """Write what follows from the written rows; most batches have nothing."""


class Consumer(Protocol):
    """A reader of the feed, with one version of its code.

    `types` are the wire names of the events that it handles; of the streams of the type `home_of`
    it gets all events. `partitions` is the number of partitions that it starts with; 0 if the
    runner must not start it.
    """

    name: str
    version: int

    @property
    def partitions(self) -> int: ...

    @property
    def types(self) -> Collection[str]: ...

    @property
    def home_of(self) -> str | None: ...

    def batch(self, events: Sequence[RecordedEvent]) -> Batch:
        """Return the effects of the events, which are in feed order. Raises as `fold` does."""

    def skipped(self, events: Sequence[RawEvent]) -> Collection[int]:
        """Return the positions of the events to park instead of applying them."""

    def writes(self, table: str, column: str) -> bool:
        """Return whether this version of the code gives the column of a table a value."""


def wants(consumer: Consumer, event: RawEvent) -> bool:
    """Return whether the event is for this consumer."""
    return event.type in consumer.types or event.stream_type == consumer.home_of


def is_unreadable(consumer: Consumer, event: RawEvent) -> bool:
    """Return whether the consumer handles the event, but only with newer code than this."""
    return event.needs_newer_code and event.type in consumer.types


def recorded(consumer: Consumer, event: RawEvent, *, late: bool = False) -> RecordedEvent:
    """Return the event as the consumer gets it: lifted to its latest shape if it handles it."""
    return event.upcast(late=late) if event.type in consumer.types else event.parse(late=late)


def apply(batch: Batch, alias: str) -> None:
    """Run all phases in the open transaction."""
    execute(alias, batch.fold(Selected(alias, batch.loads()).rows()))
    batch.follow_up()
