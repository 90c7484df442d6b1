"""Doing something at a steady rate, for as long as it takes."""

import time
from collections.abc import Callable


def repeat(seconds: float, rate: float | None, act: Callable[[int], object]) -> int:
    """Call `act` with 0, 1, …: so often a second, or as fast as it goes; return how often.

    Who is late does not hurry: the next call comes at once, and the rate is what it is.
    """
    begun, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - begun) < seconds:
        if rate is not None and (early := count / rate - passed) > 0:
            time.sleep(early)
        act(count)
        count += 1
    return count
