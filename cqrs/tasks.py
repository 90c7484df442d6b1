"""The Celery tasks of the kernel: one per reaction, and the expiry of stored answers."""

from typing import Any

from celery import shared_task

from cqrs.behaviors import idempotency
from cqrs.operations.heartbeats import swept
from cqrs.reactions import executor
from cqrs.reactions.registry import reactions

SWEEP_S = 1.0
LONGEST_S = 5.0


@shared_task
def react(**_: Any) -> None:
    """Queue a task for every reaction with due work, so that none waits for another.

    A reaction that hangs is not queued again, and a task that no worker takes expires: tasks do not
    accumulate.
    """
    for reaction in executor.waiting():
        run_reaction.apply_async(kwargs={"name": reaction.name}, expires=SWEEP_S)
    swept("reactions")


@shared_task
def run_reaction(*, name: str, **_: Any) -> None:
    """Execute one reaction until it has no due work, or for some seconds; the next sweep goes on.

    A worker that must stop waits for the end of a task.
    """
    for reaction in reactions():
        if reaction.name == name:
            executor.run(reaction, LONGEST_S)


@shared_task
def expire_idempotent_answers(**_: Any) -> None:
    """Delete stored answers that are older than a day, in small steps."""
    while idempotency.expire():
        pass
