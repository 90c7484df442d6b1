"""P2: rebuilding a projection of a million events, comparison and swap included."""

import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks import programs
from benchmarks.bench import Bench
from benchmarks.databases import Databases, copy_of
from benchmarks.measuring import in_turns
from benchmarks.row import Comparison, Finding, NotAvailable
from benchmarks.rows.p1_projecting import LIMIT
from config.environment import BASE_DIR

ORDERS = 290_000  # their lives are a million events
WORK = "rebuild the orders of a million events"
RUNS = 3


def p2(bench: Bench) -> Iterator[Finding]:
    """Measure `projections rebuild orders` against COPY-and-fold of the same log."""
    data = bench.orders(2_000)
    if not can_rebuild(data):
        yield NotAvailable("P2", WORK, "there is no `projections rebuild` yet")
        return
    with copy_of(bench.orders(ORDERS)) as data:
        facts = programs.run("benchmarks.product.facts", data.environment)
        limit = programs.run(LIMIT, data.environment, facts["batch"])
        events = limit["events"]

        def rate_of_limit() -> float:
            found = programs.run(LIMIT, data.environment, facts["batch"])
            return float(found["events"] / found["seconds"])

        found = in_turns(
            {"product": lambda: events / rebuild_s(data), "limit": rate_of_limit}, runs=RUNS
        )
    yield Comparison("P2", WORK, "events/s", found["product"],
                     f"COPY and fold, batches of {facts['batch']}", found["limit"], 0.8, 1.0,
                     kind="limit")  # fmt: skip


def can_rebuild(data: Databases) -> bool:
    return _manage(data, "projections", "rebuild", "--help").returncode == 0


def rebuild_s(data: Databases) -> float:
    """Rebuild the orders and drop the old tables; return the seconds that rebuilding took."""
    started = time.perf_counter()
    answer = _manage(data, "projections", "rebuild", "orders")
    took = time.perf_counter() - started
    if answer.returncode != 0:
        raise programs.Failed(f"rebuild: {answer.stdout[-1500:]} {answer.stderr[-1500:]}")
    _manage(data, "projections", "rebuild", "orders", "--discard")
    return took


def _manage(data: Databases, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=data.environment, cwd=BASE_DIR, capture_output=True, text=True, check=False,
    )  # fmt: skip
