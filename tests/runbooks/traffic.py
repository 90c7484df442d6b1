"""Clients that go on while a runbook is followed."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any


@contextmanager
def repeated(act: Callable[[], Any]) -> Iterator[None]:
    """Do it again and again during the block, and fail if it failed."""
    stop = Event()

    def repeat() -> None:
        while not stop.wait(0.02):
            act()

    with ThreadPoolExecutor(1) as threads:
        repeating = threads.submit(repeat)
        try:
            yield
        finally:
            stop.set()
    repeating.result()
