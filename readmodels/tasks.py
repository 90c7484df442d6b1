"""The Celery task that carries events to the read models."""

from typing import Any

from celery import shared_task
from django.core.cache import cache

from cqrs import sequencer
from readmodels.projections import PROJECTIONS, runner

WAKE_UP_FLAG = "readmodels.wake_up"
WAKE_UP_SECONDS = 1


@shared_task
def project(**_: Any) -> None:
    """Sequence what is pending and bring every projection up to the head, batch by batch."""
    # Cleared first: whoever commits from now on asks again, so no commit falls between.
    cache.delete(WAKE_UP_FLAG)
    more = True
    while more:
        more = sequencer.step()
        _drain_all()


def _drain_all() -> None:
    """Drain each projection, also after another one has failed; raise what they raised."""
    failures = []
    for projection in PROJECTIONS:
        try:
            runner.drain(projection)
        except Exception as error:  # noqa: BLE001  one projection must not stop the others
            failures.append(error)
    if failures:
        raise ExceptionGroup("projections failed", failures)
