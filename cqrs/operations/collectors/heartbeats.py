"""Who is alive: workers by queue, beat, and the sweeps."""

from collections import Counter
from collections.abc import Iterator

from cqrs.conf import conf
from cqrs.operations.collectors.gauges import Gauges, Sample
from cqrs.operations.heartbeats import BEAT, SWEEP, WORKER, heartbeats


class Heartbeats(Gauges):
    """Queries the stored heartbeats. An expected one that is not there counts as 0."""

    declared = {
        "cqrs_heartbeats": ("Heartbeats that are not late", ("kind", "queue")),
        "cqrs_heartbeat_timestamp_seconds": ("The last heartbeat", ("kind", "queue", "name")),
    }

    def samples(self) -> Iterator[Sample]:
        alive = Counter(dict.fromkeys(_expected(), 0))
        for seen in heartbeats():
            yield "cqrs_heartbeat_timestamp_seconds", seen.sign, seen.at
            alive[seen.sign.kind, seen.sign.queue] += seen.is_alive
        for labels, count in alive.items():
            yield "cqrs_heartbeats", labels, count


def _expected() -> Iterator[tuple[str, str]]:
    for queue in conf().QUEUES:
        yield from ((WORKER, queue), (SWEEP, queue), (BEAT, ""))
