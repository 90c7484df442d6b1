"""The Celery task that carries events to the read models."""

from typing import Any

from celery import shared_task
from django.core.cache import cache

from cqrs.sequencer import sequence
from readmodels.projections import PROJECTIONS, runner

WAKE_UP_FLAG = "readmodels.wake_up"
WAKE_UP_SECONDS = 1


@shared_task
def project(**_: Any) -> None:
    """Sequence what is pending, then bring every projection up to the head of the feed."""
    # Cleared first: whoever commits from now on asks again, so no commit falls between.
    cache.delete(WAKE_UP_FLAG)
    sequence()
    for projection in PROJECTIONS:
        runner.drain(projection)
