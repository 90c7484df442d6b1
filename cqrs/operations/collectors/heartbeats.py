"""Who is alive: workers by queue, beat, and the sweeps; and whether they can say so."""

from collections import Counter
from collections.abc import Iterator

from django.db import connections

from cqrs.conf import conf
from cqrs.database.aliases import WRITE_ALIAS
from cqrs.operations.collectors.gauges import Gauges, Sample
from cqrs.operations.heartbeats import BEAT, SWEEP, WORKER, heartbeats

_IS_WRITABLE = """
SELECT NOT (pg_is_in_recovery() OR current_setting('transaction_read_only')::bool)
"""


class Heartbeats(Gauges):
    """Queries the stored heartbeats. An expected one that is not there counts as 0.

    While the write database takes no writes there are none: no process can write a newer one.
    """

    declared = {
        "cqrs_write_database_writable": ("1: the write database takes writes", ()),
        "cqrs_heartbeats": ("Heartbeats that are not late", ("kind", "queue")),
        "cqrs_heartbeat_timestamp_seconds": ("The last heartbeat", ("kind", "queue", "name")),
    }

    def samples(self) -> Iterator[Sample]:
        is_writable = _is_writable()
        yield "cqrs_write_database_writable", (), is_writable
        if is_writable:
            yield from self._heartbeats()

    def _heartbeats(self) -> Iterator[Sample]:
        alive = Counter(dict.fromkeys(_expected(), 0))
        for seen in heartbeats():
            yield "cqrs_heartbeat_timestamp_seconds", seen.sign, seen.at
            alive[seen.sign.kind, seen.sign.queue] += seen.is_alive
        for labels, count in alive.items():
            yield "cqrs_heartbeats", labels, count


def _is_writable() -> bool:
    with connections[WRITE_ALIAS].cursor() as cursor:
        cursor.execute(_IS_WRITABLE)
        (is_writable,) = cursor.fetchone()
    return bool(is_writable)


def _expected() -> Iterator[tuple[str, str]]:
    for queue in conf().QUEUES:
        yield from ((WORKER, queue), (SWEEP, queue), (BEAT, ""))
