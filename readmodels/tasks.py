"""The Celery tasks of the read side: project events, and verify a sample every night."""

from typing import Any

import structlog
from celery import shared_task
from django.core.cache import cache

from cqrs.operations.worker import project_once
from cqrs.projections.registry import projections
from cqrs.rebuild.verify import NIGHTLY_PARTS, verify

WAKE_UP_FLAG = "readmodels.wake_up"
WAKE_UP_SECONDS = 1

log = structlog.get_logger("readmodels.tasks")


@shared_task
def project(**_: Any) -> None:
    """Sequence pending events and bring every projection to the head, batch by batch."""
    # Cleared first: a commit from now on queues another task, so no event is missed.
    cache.delete(WAKE_UP_FLAG)
    while project_once(projections()):
        pass


@shared_task
def verify_sample(**_: Any) -> None:
    """Compare a part of every read model with the log; log differences without their values."""
    for projection in projections():
        drifts = 0
        for drift in verify(projection, _unreported, parts=NIGHTLY_PARTS):
            drifts += 1
            log.error("drift_found", table=drift.table, key=drift.key, kind=drift.kind)
        log.info("sample_verified", projection=projection.name, drifts=drifts)


def _unreported(phase: str, done: int, total: int) -> None:
    """Ignore the progress."""
