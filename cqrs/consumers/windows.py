"""Read the feed for a round of the runner, and find where each partition must stop in it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from cqrs.conf import conf
from cqrs.consumers.consumer import Consumer, is_unreadable, wants
from cqrs.consumers.partitions import PartitionCheckpoint
from cqrs.event_log import feed
from cqrs.event_log.feed import RawEvent
from cqrs.event_log.sequencer import Seen

Part = tuple[list[RawEvent], int]
"""The events of a partition, and the position that it reaches with them."""


def shared_window(after: int, seen: Seen) -> Sequence[RawEvent]:
    """Return all events after `after` up to the head; mostly the sequencer has just moved them."""
    events = seen.events
    if events and events[0].position <= after + 1:
        return [event for event in events if event.position > after]
    return feed.window(after, seen.head)


def own_part(
    consumer: Consumer, checkpoint: PartitionCheckpoint, window: Iterable[RawEvent], head: int
) -> Part:
    """Return the partition's part of a window that all consumers share."""
    return readable_part(
        consumer,
        [
            event
            for event in window
            if event.position > checkpoint.position
            and checkpoint.owns(event.bucket)
            and wants(consumer, event)
        ],
        head,
    )


def read_part(consumer: Consumer, checkpoint: PartitionCheckpoint, upto: int) -> Part:
    """Read the partition's next events from the log."""
    events = feed.window(
        checkpoint.position,
        upto,
        partition=checkpoint.partition,
        partitions=checkpoint.partitions,
        types=list(consumer.types),
        stream_type=consumer.home_of,
    )
    return readable_part(consumer, events, upto)


def readable_part(consumer: Consumer, events: list[RawEvent], upto: int) -> Part:
    """Cut the events before the first one that needs newer code.

    A build that has the code applies it meanwhile. After the grace period the event stays in: it is
    parked with its aggregate then.
    """
    oldest = datetime.now(UTC) - timedelta(seconds=conf().NEWER_CODE_GRACE_S)
    for place, event in enumerate(events):
        if is_unreadable(consumer, event) and event.occurred_at > oldest:
            return events[:place], event.position - 1
    return events, upto
