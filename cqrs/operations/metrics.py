"""What Prometheus scrapes. docs/metrics.md lists every metric.

A project serves `generate_latest(registry())` at an address of its own, and decides who may see it.
The processes without an address of their own (workers, beat, change data capture) serve what they
count on `METRICS_PORT`.
"""

from prometheus_client import CollectorRegistry

from cqrs import metrics
from cqrs.behaviors.performance import EXCEPTION, FORBIDDEN, OK, message_labels
from cqrs.conf import conf
from cqrs.database.aliases import PROJECTION_ALIAS, READ_ALIAS, WRITE_ALIAS
from cqrs.database.sqlstates import Meaning
from cqrs.event_log.events import event_types
from cqrs.messaging.bus import handlers
from cqrs.messaging.messages import Command, Query
from cqrs.operations.collectors.capture import ChangeCapture, ParkedChanges
from cqrs.operations.collectors.databases import DatabaseConnections
from cqrs.operations.collectors.heartbeats import Heartbeats
from cqrs.operations.collectors.read_side import ReadSide
from cqrs.operations.collectors.rebuilds import Rebuilds, Verifications
from cqrs.reactions.executor import DONE, FAILED
from cqrs.reactions.registry import reactions

DATABASES = (
    ReadSide(),
    Heartbeats(),
    Rebuilds(),
    Verifications(),
    ChangeCapture(),
    ParkedChanges(),
    DatabaseConnections(),
)
# Those of the kernel. A handler's own codes are counted from their first refusal on.
OUTCOMES = (OK, EXCEPTION, FORBIDDEN, "invalid", "not_found")
OF_COMMANDS = (
    "version_conflict",
    "lost_past",
    "idempotency_in_progress",
    "idempotency_key_reused",
)
OF_QUERIES = ("read_side_behind", "read_side_parked", "invalid_token")
RETRIED = (Meaning.CONFLICT, Meaning.LOST, Meaning.LOCKED)


def registry() -> CollectorRegistry:
    """Return a registry with every metric of the kernel."""
    found = counted_registry()
    for collector in DATABASES:
        found.register(collector)
    return found


def counted_registry() -> CollectorRegistry:
    """Return a registry with what processes count, and nothing that asks a database."""
    start_at_zero()
    found = CollectorRegistry()
    found.register(metrics.Counted())
    return found


def start_at_zero() -> None:
    """Make every counter whose label values are known: a rate needs the value before the first."""
    for message_type in handlers():
        labels = message_labels(message_type)
        metrics.MESSAGE_DURATION[labels]
        of_kind = OF_COMMANDS if issubclass(message_type, Command) else OF_QUERIES
        for outcome in (*OUTCOMES, *of_kind):
            metrics.MESSAGES[*labels, outcome]
        if issubclass(message_type, Command):
            metrics.REPLAYS[message_type.__name__,]
        if issubclass(message_type, Query) and message_type.cache_for_s:
            for outcome in ("hit", "miss"):
                metrics.CACHE_LOOKUPS[message_type.__name__, outcome]
    _start_events()


def _start_events() -> None:
    for event_type in event_types().values():
        metrics.EVENTS[event_type.__name__,]
        metrics.COMMITTED_FAILURES[event_type.__name__,]
    for reaction in reactions():
        for outcome in (DONE, FAILED):
            metrics.REACTION_ATTEMPTS[reaction.name, outcome]
    for rate in conf().THROTTLE_RATES:
        metrics.THROTTLED[rate,]
    for meaning in RETRIED:
        metrics.RETRIES[meaning.name.lower(),]
    for server in (*dict.fromkeys((WRITE_ALIAS, READ_ALIAS, PROJECTION_ALIAS)), "redis"):
        metrics.BREAKER_OPENED[server,]
