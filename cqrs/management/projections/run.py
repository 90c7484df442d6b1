"""`projections run`: what the Celery task does, in this process and with a progress display."""

import threading
import time
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from cqrs.consumers.ahead import AheadOfLog, require_not_ahead
from cqrs.event_log import sequencer
from cqrs.management.projections.stopping import Stopped, stoppable
from cqrs.management.projections.subcommand import Subcommand, add_names, chosen
from cqrs.operations.worker import project
from cqrs.projections.projection import Projection
from cqrs.projections.registry import runner
from cqrs.rebuild.serving import NeedsOtherBuild, active_consumers

POLL_S = 0.2


class Run(Subcommand):
    """Projects in this process until stopped, or until what is in the log now is applied."""

    name = "run"
    help = "project in this process, without Celery"
    examples = (
        "Example: manage.py projections run orders --until-caught-up."
        " Exit codes: 0 when it was stopped or has caught up; 1 when a projection could not go on."
    )

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        add_names(parser)
        parser.add_argument(
            "--until-caught-up",
            action="store_true",
            help="end when the log is applied as it is now",
        )

    def handle(self, *, names: list[str], until_caught_up: bool, **_: Any) -> None:
        try:
            run_loop(chosen(names), self.console(), until_caught_up=until_caught_up)
        except (AheadOfLog, NeedsOtherBuild) as error:
            raise CommandError(str(error)) from error


def run_loop(chosen: Sequence[Projection], console: Console, *, until_caught_up: bool) -> None:
    """Apply what is in the log and what comes, until Ctrl-C or SIGTERM.

    A projection that fails as a whole pauses, and the others go on.

    With `until_caught_up` that ends the command, and so does the end of the work: when everything
    is applied that was committed before the call, also to the retired copies that this build has
    the version of. Raises `NeedsOtherBuild` then when serving tables are left behind, and
    `AheadOfLog` when some have applied what the log has lost. A batch that is stopped halfway is
    rolled back and applied by the next worker.
    """
    with stoppable() as stop, suppress(Stopped), _progress(console) as progress:
        bars = {each.name: progress.add_task(each.name) for each in chosen}
        show = partial(_show, progress, bars, chosen, stop)
        started, goal = time.monotonic(), None
        while not stop.is_set():
            try:
                project(chosen, on_batch=show)
            except ExceptionGroup:  # logged for each consumer, which is tried again after its pause
                if until_caught_up:
                    raise
            show()
            elapsed_s = time.monotonic() - started
            if until_caught_up and sequencer.oldest_pending_age_s() <= elapsed_s:
                goal = sequencer.head() if goal is None else goal
                # A partition may be claimed by another worker, which brings it there.
                if _are_past(goal, chosen):
                    return
            stop.wait(POLL_S)


def _show(
    progress: Progress,
    bars: Mapping[str, TaskID],
    chosen: Sequence[Projection],
    stop: threading.Event,
    _passed: int = 0,
) -> None:
    """Show how far the hindmost partition of each has come."""
    head, checkpoints = sequencer.head(), runner.partitions.get(bars)
    for name, bar in bars.items():
        hindmost = min((each.position for each in checkpoints if each.consumer == name), default=0)
        progress.update(bar, total=head, completed=hindmost)
    if stop.is_set():
        raise Stopped


def _are_past(goal: int, chosen: Sequence[Projection]) -> bool:
    """Return whether all that this build can advance is there.

    Raises `AheadOfLog`; `NeedsOtherBuild` when only serving tables of other versions are behind.
    """
    code = {(each.name, each.version) for each in active_consumers(chosen)}
    found = runner.partitions.get({name for name, _ in code})
    require_not_ahead(found)
    behind = [each for each in found if each.position < goal]
    if any((each.consumer, each.version) in code for each in behind):
        return False
    names = {projection.name for projection in chosen}
    for each in behind:
        if each.consumer in names:
            raise NeedsOtherBuild(each.consumer, each.version)
    return True


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console
    )
