"""Running functions at the same time, each in a thread with connections of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import Barrier
from typing import Any

from django.db import connections

PATIENCE_S = 60.0


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
