"""Read the feed for a round of the runner, and find where each partition must stop in it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cqrs.conf import conf
from cqrs.consumers.consumer import Consumer, is_unreadable, wants
from cqrs.consumers.partitions import PartitionCheckpoint, Place
from cqrs.event_log import feed
from cqrs.event_log.feed import RawEvent
from cqrs.event_log.sequencer import Seen

Part = tuple[list[RawEvent], Place]
"""The events of a partition, and the place that it reaches with them."""


def shared_window(first: int, seen: Seen) -> Sequence[RawEvent]:
    """Return all events after `first` up to the head; mostly the sequencer has just moved them.

    With the event at `first`, unless `seen` has its id.
    """
    events = seen.events
    if events and events[0].position <= first + 1:
        return [event for event in events if event.position >= first]
    return feed.window(first, seen.head)


def ids_of(window: Iterable[RawEvent]) -> dict[int, UUID]:
    """Return the ids of the events by position."""
    return {event.position: event.event_id for event in window}


def own_part(
    consumer: Consumer,
    checkpoint: PartitionCheckpoint,
    window: Iterable[RawEvent],
    upto: int,
    ids: Mapping[int, UUID],
) -> Part:
    """Return the partition's part of a window, up to a position at most.

    `ids` are the ids of the events by position, as far as they are known.
    """
    events = [
        event
        for event in window
        if event.position > checkpoint.position
        and checkpoint.owns(event.bucket)
        and wants(consumer, event)
    ]
    readable, reached = _readable(consumer, events, upto)
    if reached <= checkpoint.position:
        event_id = checkpoint.event_id or ids.get(checkpoint.position)
        return [], Place(checkpoint.position, event_id)
    event_id = ids.get(reached) or feed.ids_at([reached]).get(reached)
    # Where the log has no event, nothing is passed over.
    return (readable, Place(reached, event_id)) if event_id else ([], checkpoint.place)


def read_window(
    consumer: Consumer, checkpoint: PartitionCheckpoint, upto: int
) -> Sequence[RawEvent]:
    """Read the partition's next events from the log, and those at its position and at `upto`."""
    return feed.window(
        checkpoint.position,
        upto,
        partition=checkpoint.partition,
        partitions=checkpoint.partitions,
        types=list(consumer.types),
        stream_type=consumer.home_of,
    )


def _readable(consumer: Consumer, events: list[RawEvent], upto: int) -> tuple[list[RawEvent], int]:
    """Cut the events before the first one that needs newer code.

    A build that has the code applies it meanwhile. After the grace period the event stays in: it is
    parked with its aggregate then.
    """
    oldest = datetime.now(UTC) - timedelta(seconds=conf().NEWER_CODE_GRACE_S)
    for place, event in enumerate(events):
        if is_unreadable(consumer, event) and event.occurred_at > oldest:
            return events[:place], event.position - 1
    return events, upto
