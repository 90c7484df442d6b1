"""The event log, and every projection and reaction: position, lag, parked events."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from cqrs.operations.collectors.gauges import Gauges, Sample
from cqrs.operations.progress import PROJECTION, REACTION
from cqrs.operations.status import ConsumerStatus, State, log_status, statuses
from cqrs.projections.registry import projections
from cqrs.reactions.registry import reactions

BLOCKED = f"cqrs_{PROJECTION}_blocked"
UP, WHAT_UP = "cqrs_up", "Both databases could be queried"
OF_PARTITIONS = {
    "position": "Position that the partition has passed",
    "lag_events": "Events that the partition has not passed or reacted to",
    "lag_seconds": "Age of the first of these events",
}
OF_CONSUMERS = {
    "parked_events": "Events that failed, or wait behind one that failed",
    "parked_oldest_seconds": "How long the oldest of them waits",
    "ahead": "1: it has applied events that the log has lost",
}


class ReadSide(Gauges):
    """Queries both databases at each scrape; `cqrs_up` is 0 when one of them cannot be reached."""

    declared = {
        "cqrs_pending_events": ("Committed events without a position", ()),
        "cqrs_sequencer_oldest_pending_seconds": (
            "How long the oldest event without a position has been waiting",
            (),
        ),
        "cqrs_feed_head": ("The last position", ()),
        **{
            f"cqrs_{kind}_{name}": (what, labels)
            for kind in (PROJECTION, REACTION)
            for names, labels in ((OF_PARTITIONS, (kind, "partition")), (OF_CONSUMERS, (kind,)))
            for name, what in names.items()
        },
        BLOCKED: ("1: this build cannot advance it, and its status says why", (PROJECTION,)),
    }

    def describe(self) -> Iterable[Metric]:
        return [GaugeMetricFamily(UP, WHAT_UP), *super().describe()]

    def collect(self) -> Iterable[Metric]:
        families = [*super().collect()]
        return [GaugeMetricFamily(UP, WHAT_UP, bool(families)), *families]

    def samples(self) -> Iterator[Sample]:
        log = log_status()
        yield "cqrs_pending_events", (), log.pending
        yield "cqrs_sequencer_oldest_pending_seconds", (), log.oldest_pending_seconds
        yield "cqrs_feed_head", (), log.head
        for status in statuses(log, projections(), reactions(), measure=False):
            yield from _of_consumer(status)


def _of_consumer(status: ConsumerStatus) -> Iterator[Sample]:
    prefix, name = f"cqrs_{status.kind}", status.consumer
    for each in status.partitions:
        for value in OF_PARTITIONS:
            yield f"{prefix}_{value}", [name, str(each.partition)], getattr(each, value)
    yield f"{prefix}_parked_events", [name], status.parked
    yield f"{prefix}_parked_oldest_seconds", [name], status.parked_oldest_seconds
    yield f"{prefix}_ahead", [name], status.state is State.AHEAD
    if status.kind == PROJECTION:
        yield BLOCKED, [name], status.state is State.BLOCKED
