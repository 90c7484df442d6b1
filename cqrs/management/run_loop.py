"""Projecting in this process: what the Celery task does, in a loop with a progress display."""

import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from cqrs.event_log import sequencer
from cqrs.operations.worker import project_once
from cqrs.projections.projection import Projection
from cqrs.projections.registry import runner
from cqrs.rebuild.table_copies import active_consumers

POLL_S = 0.2


class Stopped(Exception):
    """Somebody asked to stop; what is done stays done."""


def run(projections: Sequence[Projection], console: Console, *, until_caught_up: bool) -> None:
    """Apply what is in the log and what comes, until Ctrl-C or SIGTERM.

    With `until_caught_up` it ends when everything committed before the call is applied, also to the
    old tables that rebuilds keep. A batch that is stopped halfway is rolled back and applied by
    whoever comes next.
    """
    with stoppable() as stop, suppress(Stopped), _progress(console) as progress:
        bars = {each.name: progress.add_task(each.name) for each in projections}
        show = partial(_show, progress, bars, projections, stop)
        started, goal = time.monotonic(), None
        while not stop.is_set():
            more = project_once(projections, on_batch=show)
            show()
            elapsed_s = time.monotonic() - started
            if until_caught_up and sequencer.oldest_pending_age_s() <= elapsed_s:
                goal = sequencer.head() if goal is None else goal
                # A partition may be in the hands of another worker, which brings it there.
                if _are_past(goal, projections):
                    return
            if not more:
                stop.wait(POLL_S)


def _show(
    progress: Progress,
    bars: Mapping[str, TaskID],
    projections: Sequence[Projection],
    stop: threading.Event,
    _passed: int = 0,
) -> None:
    """Show how far the hindmost partition of each has come."""
    head, checkpoints = sequencer.head(), runner.partition_checkpoints(*projections)
    for name, bar in bars.items():
        hindmost = min(
            checkpoint.position for checkpoint in checkpoints if checkpoint.consumer == name
        )
        progress.update(bar, total=head, completed=hindmost)
    if stop.is_set():
        raise Stopped


def _are_past(goal: int, projections: Sequence[Projection]) -> bool:
    return all(
        checkpoint.position >= goal
        for checkpoint in runner.partition_checkpoints(*active_consumers(projections))
    )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console
    )


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """Yield what Ctrl-C and SIGTERM set: to be looked at between two batches.

    An exception in the middle of a query would leave its connection unusable. The second signal is
    one for all that.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may listen to signals
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
