"""Ctrl-C and SIGTERM, looked at between two batches, and progress that ends with them."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cqrs.rebuild.catch_up import Report


class Stopped(Exception):
    """Ctrl-C or SIGTERM came; what is done stays done."""


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """Yield the event that Ctrl-C and SIGTERM set.

    An exception in the middle of a query would leave its connection unusable, so the first signal
    only sets the event. The second one raises.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may listen to signals
        return

    def on_signal(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def failing_when_stopped() -> Iterator[threading.Event]:
    """Yield the same event, and raise `CommandError` for work that was stopped halfway."""
    with stoppable() as stop:
        try:
            yield stop
        except Stopped as stopped:
            raise CommandError(str(stopped)) from stopped


@contextmanager
def reporting(name: str, console: Console, stop: threading.Event) -> Iterator[Report]:
    """Yield what shows the progress of work on a projection, and raises `Stopped` when asked to."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(name, total=None)

        def report(phase: str, done: int, total: int) -> None:
            progress.update(
                bar, description=f"{name}: {phase}", completed=done, total=total or None
            )
            if stop.is_set():
                raise Stopped(f"{name}: stopped; call it again to go on")

        yield report
