"""The Celery tasks of the read side: project events, and verify a sample every night."""

import time
import zlib
from typing import Any

import structlog
from celery import shared_task
from celery.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from cqrs.conf import cached_setting
from cqrs.database.profiles import Profile, use_profile
from cqrs.event_log import sequencer
from cqrs.event_log.events import event_types
from cqrs.operations.heartbeats import swept
from cqrs.operations.worker import project as bring_to_head
from cqrs.projections.projection import Projection
from cqrs.projections.registry import all_versions, projections
from cqrs.rebuild.serving import NeedsOtherBuild
from cqrs.rebuild.verify import NIGHTLY_PARTS, verify
from cqrs.tasks import react
from readmodels import flags, wake_ups

WAKE_UP_FLAG = "readmodels.wake_up"
WAKE_UP_SECONDS = 1
# Then the task queues itself again: a worker that must stop waits for the end of a task.
LONGEST_S = 15.0
LINGER_S = 0.25

log = structlog.get_logger("readmodels.tasks")


@shared_task
def project(**_: Any) -> None:
    """Sequence pending events, bring every projection to the head, and wake the reactions.

    After work, it waits a moment for more, so under traffic a commit needs no task of its own.
    """
    if flags.is_raised(_waiting_flag()):
        return  # a task of the same build is at the head, and looks for what comes
    deadline = time.monotonic() + LONGEST_S
    try:
        while _bring_to_head() and time.monotonic() < deadline and _more_comes():
            pass
    finally:
        # A commit from now on queues another task. One before it is found by looking once more.
        flags.lower_flags(_waiting_flag(), WAKE_UP_FLAG)
    if _bring_to_head() and time.monotonic() > deadline:
        _queue(project)
    swept("projections")


@cached_setting
def _waiting_flag() -> str:
    """Return the name of the flag that is set while a task of this build waits for more.

    Another build, with other versions, has tables or events that this one must leave to it.
    """
    versions = [(each.name, each.version) for each in all_versions()]
    shapes = [(name, event.schema_version) for name, event in sorted(event_types().items())]
    return f"readmodels.waiting.{zlib.crc32(repr((versions, shapes)).encode())}"


def _bring_to_head() -> int:
    """Return the number of positions passed."""
    worked = bring_to_head(projections(), limit_s=LONGEST_S)
    if worked.has_reactions:
        _queue(react)
    return worked.passed


def _queue(task: Any) -> None:
    """Queue a task. If the broker is away, the sweep queues it later: this task goes on."""
    try:
        task.delay()
    except (BrokerError, RedisError, OSError) as error:
        log.warning("task_not_queued", name=task.name, reason=type(error).__name__)


def _more_comes() -> bool:
    """Wait for new events for a moment; return whether there are some."""
    # Commits and sweeps leave it to this task meanwhile; the flags expire if it dies.
    flags.raise_flags(WAKE_UP_FLAG, _waiting_flag(), seconds=WAKE_UP_SECONDS)
    wake_ups.forget()
    seen = sequencer.look()
    return seen.has_pending or wake_ups.wait(LINGER_S) or not sequencer.look().is_as(seen)


@shared_task
def verify_sample(**_: Any) -> None:
    """Compare a part of every read model with the log; log differences without their values."""
    for projection in projections():
        try:
            with use_profile(Profile.MAINTENANCE):
                drifts = _drifts(projection)
        except NeedsOtherBuild as error:
            log.warning("sample_not_verified", projection=projection.name, reason=str(error))
        else:
            log.info("sample_verified", projection=projection.name, drifts=drifts)


def _drifts(projection: Projection) -> int:
    """Log each difference, and return their number."""
    drifts = 0
    for drift in verify(projection, _unreported, parts=NIGHTLY_PARTS):
        drifts += 1
        log.error("drift_found", table=drift.table, key=drift.key, kind=drift.kind)
    return drifts


def _unreported(phase: str, done: int, total: int) -> None:
    """Ignore the progress."""
