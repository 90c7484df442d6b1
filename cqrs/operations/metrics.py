"""What Prometheus scrapes: how far the read side is, and what this process has counted.

A project serves `generate_latest(registry())` at an address of its own, and decides who may see it.
"""

import os
from collections.abc import Iterator

from django.db import Error
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cqrs.caching.answer_cache import answer_cache
from cqrs.cdc.states import State as CaptureState
from cqrs.cdc.status import capture_status
from cqrs.event_log import signals
from cqrs.operations.progress import PROJECTION, REACTION
from cqrs.operations.status import ConsumerStatus, State, log_status, statuses
from cqrs.projections.registry import projections
from cqrs.reactions.registry import reactions


def registry() -> CollectorRegistry:
    """Return a registry with every metric of the kernel."""
    found = CollectorRegistry()
    for collector in (ReadSide(), ChangeCapture(), CacheLookups(), CommittedFailures()):
        found.register(collector)
    return found


class ReadSide(Collector):
    """Query both databases at each scrape; `cqrs_up` is 0 when one of them cannot be reached."""

    def collect(self) -> Iterator[Metric]:
        try:
            log = log_status()
            found = statuses(log, projections(), reactions(), measure=False)
        except Error:
            yield GaugeMetricFamily("cqrs_up", "Both databases could be queried", 0)
            return
        yield GaugeMetricFamily("cqrs_up", "Both databases could be queried", 1)
        yield GaugeMetricFamily(
            "cqrs_pending_events", "Committed events without a position", log.pending
        )
        yield GaugeMetricFamily(
            "cqrs_sequencer_oldest_pending_seconds",
            "How long the oldest event without a position has been waiting",
            log.oldest_pending_seconds,
        )
        yield GaugeMetricFamily("cqrs_feed_head", "The last position", log.head)
        for kind in (PROJECTION, REACTION):
            of_kind = [status for status in found if status.kind == kind]
            yield from _partitions(kind, of_kind)
            yield from _parked(kind, of_kind)
            yield _ahead(kind, of_kind)


class ChangeCapture(Collector):
    """Query the slot and the state of change data capture; nothing while it is off."""

    def collect(self) -> Iterator[Metric]:
        try:
            found = capture_status()
        except Error:
            return  # `cqrs_up` says so
        if not found.is_used:
            return
        running = GaugeMetricFamily(
            "cqrs_cdc_up", "Changes are captured: 1, or 0 with what fails", labels=["source"]
        )
        lag = GaugeMetricFamily(
            "cqrs_cdc_lag_seconds", "Age of the newest handled change", labels=["source"]
        )
        for one in found.sources:
            running.add_metric([one.source], one.state == CaptureState.RUNNING)
            if one.lag_seconds is not None:
                lag.add_metric([one.source], one.lag_seconds)
        yield from (running, lag)
        if slot := found.slot:
            yield GaugeMetricFamily("cqrs_cdc_slot_active", "A process reads it", slot.active)
            yield GaugeMetricFamily("cqrs_cdc_lag_bytes", "WAL not handled yet", slot.lag)
            yield GaugeMetricFamily("cqrs_cdc_retained_bytes", "WAL kept for it", slot.retained)


class CacheLookups(Collector):
    """Count the lookups of this process; the other processes count their own."""

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "cqrs_cache_lookups",
            "Queries whose answer was looked for in the cache",
            labels=["query", "outcome", "process"],
        )
        for (query, outcome), count in answer_cache.lookups.counts().items():
            family.add_metric([query, outcome, str(os.getpid())], count)
        yield family


class CommittedFailures(Collector):
    """Count the receivers of `event_committed` that raised in this process."""

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "cqrs_event_committed_failures",
            "Receivers of event_committed that raised",
            labels=["event", "process"],
        )
        for event, count in signals.committed_failures.copy().items():
            family.add_metric([event, str(os.getpid())], count)
        yield family


def _partitions(kind: str, found: list[ConsumerStatus]) -> Iterator[Metric]:
    for name, what in (
        ("position", "Position that the partition has passed"),
        ("lag_events", "Events that the partition has not passed or reacted to"),
        ("lag_seconds", "Age of the first of these events"),
    ):
        family = GaugeMetricFamily(f"cqrs_{kind}_{name}", what, labels=[kind, "partition"])
        for status in found:
            for each in status.partitions:
                family.add_metric([status.consumer, str(each.partition)], getattr(each, name))
        yield family


def _parked(kind: str, found: list[ConsumerStatus]) -> Iterator[Metric]:
    for name, attribute, what in (
        ("parked_events", "parked", "Events that failed, or wait behind one that failed"),
        ("parked_oldest_seconds", "parked_oldest_seconds", "How long the oldest of them waits"),
    ):
        family = GaugeMetricFamily(f"cqrs_{kind}_{name}", what, labels=[kind])
        for status in found:
            family.add_metric([status.consumer], getattr(status, attribute))
        yield family


def _ahead(kind: str, found: list[ConsumerStatus]) -> Metric:
    family = GaugeMetricFamily(
        f"cqrs_{kind}_ahead", "1: it has applied events that the log has lost", labels=[kind]
    )
    for status in found:
        family.add_metric([status.consumer], status.state is State.AHEAD)
    return family
