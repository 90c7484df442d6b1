"""K1: the bus with all behaviors that need no database, one structured log line per message."""

import os
import subprocess
import sys
from collections.abc import Iterator
from json import loads

from benchmarks import programs
from benchmarks.bench import Bench
from benchmarks.measuring import in_turns
from benchmarks.row import Comparison
from config.environment import BASE_DIR

RIVAL = BASE_DIR / "benchmarks" / "rivals" / "python_cqrs_mediator.py"


def k1(bench: Bench) -> Iterator[Comparison]:
    """Measure messages per second against python-cqrs's mediator, which does nothing else."""
    data = bench.orders(2_000)

    def product() -> float:
        found = programs.run("benchmarks.product.bus", data.environment)
        return float(found["messages"] / found["seconds"])

    found = in_turns({"product": product, "rival": _mediator})
    yield Comparison("K1", "bus with behaviors and a log line", "messages/s", found["product"],
                     "python-cqrs, bare mediator", found["rival"], 0.7, 1.0)  # fmt: skip


def _mediator() -> float:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    answer = subprocess.run(
        [sys.executable, RIVAL], capture_output=True, text=True, check=True, env=environment
    )
    found = loads(answer.stdout)
    return float(found["messages"] / found["seconds"])
