"""What Prometheus scrapes: how far the read side is, and whether the sequencer works."""

import hmac
import os
from collections.abc import Iterator

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cqrs.caching.answer_cache import answer_cache
from cqrs.event_log import sequencer
from cqrs.http import problems
from cqrs.models import Pending
from cqrs.operations.status import ProjectionStatus, statuses
from cqrs.projections.registry import projections

LOOPBACK = ("127.", "::1")


@csrf_exempt
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus' text format, to this machine or to who knows `METRICS_TOKEN`."""
    if not _may_see(request):
        return problems.problem(request, 403, "permission_denied", "Send METRICS_TOKEN as a Bearer")
    registry = CollectorRegistry()
    registry.register(ReadSide())
    registry.register(KeptAnswers())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_see(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
            return True
    # Behind a proxy of this machine everybody comes from it.
    is_proxied = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return request.META.get("REMOTE_ADDR", "").startswith(LOOPBACK) and not is_proxied


class ReadSide(Collector):
    """Looks at both databases when it is scraped; an outage is a value of its own."""

    def collect(self) -> Iterator[Metric]:
        try:
            found = statuses(projections(), measure=False)
            pending, pending_s = Pending.objects.count(), sequencer.oldest_pending_age_s()
        except Error:
            yield GaugeMetricFamily("order_desk_up", "Both databases could be asked", 0)
            return
        yield GaugeMetricFamily("order_desk_up", "Both databases could be asked", 1)
        yield GaugeMetricFamily(
            "order_desk_pending_events", "Committed events without a position", pending
        )
        yield GaugeMetricFamily(
            "order_desk_sequencer_oldest_pending_seconds",
            "How long the oldest event without a position has been waiting",
            pending_s,
        )
        yield GaugeMetricFamily("order_desk_feed_head", "The last position", found[0].head)
        yield from _partitions(found)
        yield from _parked(found)


class KeptAnswers(Collector):
    """Says what this process has looked up; the others are seen when they are scraped."""

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "order_desk_cache_lookups",
            "Queries whose answer was looked for in the cache",
            labels=["query", "outcome", "process"],
        )
        for (query, outcome), count in answer_cache.lookups.counts().items():
            family.add_metric([query, outcome, str(os.getpid())], count)
        yield family


def _partitions(found: list[ProjectionStatus]) -> Iterator[Metric]:
    for name, attribute, what in (
        ("position", "position", "Position that the partition has passed"),
        ("lag_events", "lag_events", "Events that the partition has not passed"),
        ("lag_seconds", "lag_seconds", "Age of the first event that it has not passed"),
    ):
        family = GaugeMetricFamily(
            f"order_desk_projection_{name}", what, labels=["projection", "partition"]
        )
        for status in found:
            for each in status.partitions:
                labels = [status.projection, str(each.partition)]
                family.add_metric(labels, getattr(each, attribute))
        yield family


def _parked(found: list[ProjectionStatus]) -> Iterator[Metric]:
    for name, attribute, what in (
        ("parked_events", "parked", "Events that failed, or wait behind such ones"),
        ("parked_oldest_seconds", "parked_oldest_seconds", "How long the oldest of them waits"),
    ):
        family = GaugeMetricFamily(f"order_desk_projection_{name}", what, labels=["projection"])
        for status in found:
            family.add_metric([status.projection], getattr(status, attribute))
        yield family
