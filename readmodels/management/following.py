"""Projecting in this process: what the Celery task does, in a loop with a progress display."""

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from cqrs import sequencer
from cqrs.consumers import Consumer
from readmodels.projections import runner

POLL_S = 0.2


def follow(projections: Sequence[Consumer], console: Console, *, until_caught_up: bool) -> None:
    """Apply what is in the log and what comes, until Ctrl-C or SIGTERM.

    With `until_caught_up` it ends when everything committed before the call is applied. A batch
    that is stopped halfway is rolled back and applied by whoever comes next.
    """
    started, goal = time.monotonic(), None
    with stoppable(), _progress(console) as progress:
        bars = [progress.add_task(each.name, completed=position(each)) for each in projections]
        while True:
            more = sequencer.step()
            _drain(projections, progress, bars)
            elapsed_s = time.monotonic() - started
            if until_caught_up and sequencer.oldest_pending_age_s() <= elapsed_s:
                goal = sequencer.head() if goal is None else goal
                # A partition may be in the hands of another worker, which brings it there.
                if all(position(each) >= goal for each in projections):
                    return
            runner.retry_due(*projections)
            if not more:
                time.sleep(POLL_S)


def _drain(projections: Sequence[Consumer], progress: Progress, bars: Sequence[TaskID]) -> None:
    for projection, bar in zip(projections, bars, strict=True):
        show = partial(_show, progress, bar, projection)
        show()
        runner.drain(projection, on_batch=show)
        show()


def _show(progress: Progress, bar: TaskID, projection: Consumer, _passed: int = 0) -> None:
    progress.update(bar, total=sequencer.head(), completed=position(projection))


def position(projection: Consumer) -> int:
    """Return how far the hindmost partition has come."""
    return min(place.position for place in runner.places(projection))


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console
    )


@contextmanager
def stoppable() -> Iterator[None]:
    """End the block quietly on Ctrl-C, and on SIGTERM as on Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may listen to signals
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)
