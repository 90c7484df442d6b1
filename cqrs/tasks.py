"""The Celery tasks of the kernel: one per reaction, and the expiry of stored answers."""

from typing import Any

from celery import shared_task

from cqrs.behaviors import idempotency
from cqrs.reactions import reactions

SWEEP_S = 1.0


@shared_task
def react(**_: Any) -> None:
    """Queue a task for every reaction that has work, so that a slow one delays no other.

    A reaction that hangs is not queued again, and a task that no worker takes expires: tasks do not
    accumulate.
    """
    for reaction in reactions.waiting():
        run_reaction.apply_async(kwargs={"name": reaction.name}, expires=SWEEP_S)


@shared_task
def run_reaction(*, name: str, **_: Any) -> None:
    """Run one reaction until it has no work."""
    for reaction in reactions.reactions():
        if reaction.name == name:
            reactions.run(reaction)


@shared_task
def expire_idempotent_answers(**_: Any) -> None:
    """Delete stored answers that are older than a day, in small steps."""
    while idempotency.expire():
        pass
