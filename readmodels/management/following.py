"""Projecting in this process: what the Celery task does, in a loop with a progress display."""

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from cqrs import sequencer
from cqrs.applying import Consumer
from readmodels.level import note_level
from readmodels.projections import runner

POLL_S = 0.2


class Stopped(Exception):
    """Somebody asked to stop; what is done stays done."""


def follow(projections: Sequence[Consumer], console: Console, *, until_caught_up: bool) -> None:
    """Apply what is in the log and what comes, until Ctrl-C or SIGTERM.

    With `until_caught_up` it ends when everything committed before the call is applied. A batch
    that is stopped halfway is rolled back and applied by whoever comes next.
    """
    with stoppable() as stop, suppress(Stopped), _progress(console) as progress:
        bars = [progress.add_task(each.name, completed=position(each)) for each in projections]
        started, goal = time.monotonic(), None
        while not stop.is_set():
            more = sequencer.step()
            _drain(projections, progress, bars, stop)
            elapsed_s = time.monotonic() - started
            if until_caught_up and sequencer.oldest_pending_age_s() <= elapsed_s:
                goal = sequencer.head() if goal is None else goal
                # A partition may be in the hands of another worker, which brings it there.
                if all(position(each) >= goal for each in projections):
                    return
            runner.retry_due(*projections)
            note_level()
            if not more:
                stop.wait(POLL_S)


def _drain(
    projections: Sequence[Consumer],
    progress: Progress,
    bars: Sequence[TaskID],
    stop: threading.Event,
) -> None:
    for projection, bar in zip(projections, bars, strict=True):
        show = partial(_show, progress, bar, projection, stop)
        show()
        runner.drain(projection, on_batch=show)
        show()


def _show(
    progress: Progress, bar: TaskID, projection: Consumer, stop: threading.Event, _passed: int = 0
) -> None:
    progress.update(bar, total=sequencer.head(), completed=position(projection))
    if stop.is_set():
        raise Stopped


def position(projection: Consumer) -> int:
    """Return how far the hindmost partition has come."""
    return min(place.position for place in runner.places(projection))


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
