"""Measure rows side by side and in turns; the results are medians."""

import os
from collections.abc import Callable, Mapping
from statistics import median

RUNS = int(os.environ.get("BENCH_RUNS", "5"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))


def in_turns(contestants: Mapping[str, Callable[[], float]], runs: int = RUNS) -> dict[str, float]:
    """Run each once in turn, so often; return the median figure of each.

    What disturbs the machine for a while then disturbs all of them alike.
    """
    figures: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(runs):
        for name, run in contestants.items():
            figures[name].append(run())
    return {name: median(found) for name, found in figures.items()}
