"""Running things at the same time, each thread with its own connection and real commits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from threading import Barrier
from typing import Any

from django.db import connections

from cqrs.messaging import bus
from cqrs.messaging.messages import Command
from cqrs.messaging.results import Result

PATIENCE_S = 60.0


def attempt(command: type[Command], **payload: Any) -> Callable[[], Result[Any]]:
    """Return a function that sends the command."""
    return partial(bus.send, command, payload)


def together(*functions: Callable[[], Any], patience_s: float = PATIENCE_S) -> list[Any]:
    """Start all functions at the same moment; return what they return, in their order.

    Raises what the first of them raised.
    """
    barrier = Barrier(len(functions))
    with ThreadPoolExecutor(len(functions)) as pool:
        futures = [
            pool.submit(copy_context().run, _run, barrier, function) for function in functions
        ]
        return [future.result(patience_s) for future in futures]


def _run(barrier: Barrier, function: Callable[[], Any]) -> Any:
    barrier.wait(PATIENCE_S)
    try:
        return function()
    finally:
        connections.close_all()
