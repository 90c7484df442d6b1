"""The Celery tasks of the kernel: reactions, one task each, and housekeeping."""

from typing import Any

from celery import shared_task

from cqrs.behaviors import idempotency
from cqrs.reactions import reactions

SWEEP_S = 1.0


@shared_task
def react(**_: Any) -> None:
    """Start every reaction that has something to do on its own: a slow one delays no other.

    One that hangs is not started again, and one that no worker takes expires: nothing piles up.
    """
    for reaction in reactions.waiting():
        run_reaction.apply_async(kwargs={"name": reaction.name}, expires=SWEEP_S)


@shared_task
def run_reaction(*, name: str, **_: Any) -> None:
    """Run one reaction until it has nothing to do."""
    for reaction in reactions.reactions():
        if reaction.name == name:
            reactions.run(reaction)


@shared_task
def expire_idempotent_answers(**_: Any) -> None:
    """Delete stored answers that are older than a day, in small steps."""
    while idempotency.expire():
        pass
