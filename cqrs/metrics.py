"""What every process counts, for Prometheus. docs/metrics.md lists it.

A value lives in memory, or, after `use_directory`, in a file of the process: then one process can
report the sum of all that share the directory. `prometheus_client` decides when it makes the child
of a label set, so the metrics without labels that this would fix at import do not exist here.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Generic, Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
COUNTED = CollectorRegistry()
"""The metrics of this process in memory."""

M = TypeVar("M", Counter, Gauge, Histogram)


class Children(dict[tuple[object, ...], M], Generic[M]):
    """The children of a metric by their label values, since `labels()` costs as much as counting.

    >>> lent = Counter("books_lent_total", "Lent books", ["kind"], registry=None)
    >>> children = Children(lent)
    >>> children["novel",].inc()
    >>> children["novel",] is lent.labels("novel")
    True
    """

    def __init__(self, metric: M) -> None:
        super().__init__()
        self.metric: M = metric

    def __missing__(self, labels: tuple[object, ...]) -> M:
        child: M = self.metric.labels(*labels)
        self[labels] = child
        return child


def counter(name: str, what: str, *labels: str) -> Children[Counter]:
    """Return a counter by its label values."""
    return Children(Counter(name, what, labels, registry=COUNTED))


def histogram(name: str, what: str, *labels: str) -> Children[Histogram]:
    """Return a histogram of seconds by its label values."""
    return Children(Histogram(name, what, labels, registry=COUNTED, buckets=SECONDS))


def gauge(
    name: str, what: str, *labels: str, of_processes: Literal["livesum", "livemax"] = "livesum"
) -> Children[Gauge]:
    """Return a gauge by its label values: the sum or the maximum of the processes that live."""
    return Children(Gauge(name, what, labels, registry=COUNTED, multiprocess_mode=of_processes))


MESSAGES = counter(
    "cqrs_messages_total", "Commands and queries by outcome", "message", "kind", "outcome"
)
MESSAGE_DURATION = histogram(
    "cqrs_message_duration_seconds", "Time in the pipeline", "message", "kind"
)
REQUESTS = counter(
    "cqrs_http_requests_total", "Answered HTTP requests", "route", "method", "status"
)
REQUEST_DURATION = histogram(
    "cqrs_http_request_duration_seconds", "Time from the request to its answer", "route", "method"
)
THROTTLED = counter("cqrs_throttled_requests_total", "Requests over a rate", "rate")
REPLAYS = counter("cqrs_idempotent_replays_total", "Stored answers given again", "command")
RETRIES = counter("cqrs_transaction_retries_total", "Transactions tried again", "reason")
EVENTS = counter("cqrs_events_published_total", "Committed events", "event")
COMMITTED_FAILURES = counter(
    "cqrs_event_committed_failures_total", "Receivers of event_committed that raised", "event"
)
CACHE_LOOKUPS = counter(
    "cqrs_cache_lookups_total", "Queries looked for in the cache", "query", "outcome"
)
REACTION_ATTEMPTS = counter(
    "cqrs_reaction_attempts_total", "Attempts to react to an event", "reaction", "outcome"
)
# A time, because a process that needs the server no more would leave a 1 for ever.
BREAKER_OPENED = gauge(
    "cqrs_breaker_opened_timestamp_seconds",
    "When the server last failed; 0: it has answered since",
    "server",
    of_processes="livemax",
)


def use_directory(path: Path) -> None:
    """Keep the values of this process, and of those that it starts, in files there."""
    os.environ[DIRECTORY] = str(path)
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]


def is_shared() -> bool:
    """Return whether the values of this process are in files that another one can report."""
    return DIRECTORY in os.environ


class Counted(Collector):
    """What this process counts, or all processes that share its directory."""

    def collect(self) -> Iterable[Metric]:
        if not is_shared():
            return COUNTED.collect()
        directory = os.environ[DIRECTORY]
        _forget_dead(Path(directory))
        found: Iterable[Metric] = MultiProcessCollector(None, directory).collect()  # type: ignore[no-untyped-call]
        return found


def _forget_dead(directory: Path) -> None:
    """Remove the gauges of processes that have ended; what they counted stays."""
    for pid in {path.stem.rpartition("_")[2] for path in directory.glob("gauge_live*.db")}:
        with suppress(PermissionError):  # it lives, under another account
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                mark_process_dead(pid, directory)  # type: ignore[no-untyped-call]
