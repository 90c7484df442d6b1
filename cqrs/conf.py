"""Every setting of the kernel, each with a default; `settings.CQRS` overrides them.

    CQRS = {"HANDLERS": ["library.commands.HANDLERS"], "EVENTS": ["library.events.EVENTS"]}

A table is a dotted path to what an app declares, read on first use, as Django reads MIDDLEWARE. The
system checks name an entry that does not exist and a path that cannot be imported.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

Rate = tuple[int, int]
"""Requests, and the seconds in which they may come."""


def _default_rates() -> dict[str, Rate | None]:
    return {
        "read": (6000, 60),
        "write": (1200, 60),
        "login": (30, 60),
        "login_address": (120, 60),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Conf:
    """The settings in force. Behaviors are listed outermost first."""

    COMMAND_BEHAVIORS: Sequence[str] = (
        "cqrs.behaviors.tracing.tracing",
        "cqrs.behaviors.logging.logging",
        "cqrs.behaviors.performance.performance",
        "cqrs.behaviors.authorization.authorization",
        "cqrs.behaviors.validation.validation",
        "cqrs.behaviors.retry.retry",
        "cqrs.adoption.behavior.adoption",
        "cqrs.behaviors.transaction.command_transaction",
        "cqrs.behaviors.idempotency.idempotency",
        "cqrs.behaviors.refusal.rollback_on_refusal",
        "cqrs.behaviors.lost_past.lost_past",
    )
    QUERY_BEHAVIORS: Sequence[str] = (
        "cqrs.behaviors.guard.query_guard",
        "cqrs.behaviors.tracing.tracing",
        "cqrs.behaviors.logging.logging",
        "cqrs.behaviors.performance.performance",
        "cqrs.behaviors.authorization.authorization",
        "cqrs.behaviors.validation.validation",
        "cqrs.caching.behavior.caching",
        "cqrs.behaviors.reconnection.reconnection",
        "cqrs.consistency.behavior.consistency",
    )
    HANDLERS: Sequence[str] = ()
    """Tables that map message types to their handlers."""
    EVENTS: Sequence[str] = ()
    """Tables of event types."""
    UPCASTERS: Sequence[str] = ()
    """Tables that map (wire name, schema version) to the function that lifts the data by one."""
    PROJECTIONS: Sequence[str] = ()
    """Tables of projections."""
    REACTIONS: Sequence[str] = ()
    """Tables of reactions."""
    AUDITS: Sequence[str] = ()
    """SQL statements that compare write tables with the event log."""
    ADOPTION: Sequence[str] = ()
    """Tables of adapters: how changes of other programs to an aggregate's rows become events."""

    PARTITIONS: int = 4
    """How many partitions a divisible projection begins with, 1 to 256."""
    NEWER_CODE_GRACE_S: float = 60
    """How old an event must be that only a newer build can read, before an older one parks it."""
    LOCK_TIMEOUT_MS: int = 2_000
    """How long a command waits for a lock in all, in a process that serves requests."""
    LOCK_WAITERS: int = 2
    """How many commands of one process may go on waiting for one aggregate's lock."""
    SLOW_MESSAGE_MS: float = 500
    """A message that takes longer is logged as a warning."""
    WAITING_READS: int = 4
    """How many reads of one process may wait for their consistency token at the same time."""
    REDIS_URL: str = ""
    """Where answers are cached, requests counted and changes announced; empty: in the process, and
    by NOTIFY."""
    REDIS_TIMEOUT_MS: float = 250
    """How long an answer of Redis may take. Then all uses skip it until it answers again."""
    CHANNEL: str = "cqrs_applied"
    """The Redis or NOTIFY channel on which workers announce what they have applied."""
    THROTTLE_RATES: Mapping[str, Rate | None] = field(default_factory=_default_rates)
    """Per user `read` and `write`, per address and name `login`, per address `login_address`; None:
    no limit."""
    HASHING_AT_ONCE: int = 1
    """How many passwords one process hashes at the same time: each takes a processor."""
    HASHING_WAIT_MS: float = 1000
    """How long a login waits for its turn before it is refused with 503 `busy`."""
    CDC_NAME: str = "cqrs"
    """The name of Debezium's replication slot and publication, and the prefix of its topics. Two
    systems on one PostgreSQL server need two."""
    CDC_DATABASE_URL: str = ""
    """`default` with the role that may replicate; empty: the alias's own login."""
    CDC_OWNER_DATABASE_URL: str = ""
    """`default` with the owner of the tables, who makes the publication; empty: as above."""
    CDC_HEARTBEAT_S: float = 5
    """How often Debezium moves its slot forward while nothing is written."""
    CDC_KAFKA: Mapping[str, str] = field(default_factory=dict)
    """librdkafka's options for `cdc run --source kafka`; `bootstrap.servers` is needed."""
    QUEUES: Sequence[str] = ()
    """The queues that need a worker and a sweep: the metrics count those that live, 0 for none."""
    METRICS_PORT: int = 0
    """Where workers, beat and change data capture serve what they count, or the next free of ten
    ports; 0: nowhere."""
    METRICS_TOKEN: str = ""
    """What a scrape must bring as `Authorization: Bearer`; empty: it must come from this host."""
    EVENT_SCHEMAS_DIR: Path | None = None
    """The folder where `manage.py event_schemas` writes the JSON Schema of every event version, and
    which events each projection version handles."""


DEFAULTS = Conf()
_READ = ("CQRS", "SECRET_KEY", "SECRET_KEY_FALLBACKS")
NAMES = frozenset(each.name for each in fields(Conf))

Cached = TypeVar("Cached", bound=Callable[..., Any])
_caches: list[Any] = []


def cached_setting(function: Cached) -> Cached:
    """Cache what a function computes from `settings.CQRS` or the keys, until these change."""
    cached: Any = cache(function)
    _caches.append(cached)
    result: Cached = cached
    return result


@cached_setting
def conf() -> Conf:
    """Return the settings in force. Unknown entries are left to the system checks."""
    given: Mapping[str, Any] = getattr(settings, "CQRS", {})
    known = {name: value for name, value in given.items() if name in NAMES}
    rates = {**DEFAULTS.THROTTLE_RATES, **known.get("THROTTLE_RATES", {})}
    return Conf(**{**known, "THROTTLE_RATES": rates})


def tables(paths: Sequence[str]) -> list[Any]:
    """Return what the dotted paths name."""
    return [import_string(path) for path in paths]


def secret_keys() -> tuple[str, ...]:
    """Return the keys of which signatures are accepted. The first one signs."""
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


def _forget(*, setting: str, **_: Any) -> None:
    if setting in _READ:
        for cached in _caches:
            cached.cache_clear()


setting_changed.connect(_forget, dispatch_uid="cqrs.conf")
