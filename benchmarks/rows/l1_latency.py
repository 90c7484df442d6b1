"""L1: from commit to visible through Celery, at half the highest write rate."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import psycopg

from benchmarks import latency, programs, writes
from benchmarks.bench import Bench
from benchmarks.databases import Databases, copy_of
from benchmarks.measuring import RUNS, SECONDS
from benchmarks.row import Comparison
from tests.support.servers import private_redis

WORK = "commit to visible"


def l1(bench: Bench) -> Iterator[Comparison]:
    """Measure against a task on commit that applies one row."""
    with scene(bench) as data:
        rate = half_rate(data)
        found: dict[str, list[tuple[float, float]]] = {"product": [], "bare": []}
        for _ in range(RUNS):
            for name, way in (("product", latency.PRODUCT), ("bare", latency.BARE)):
                with latency.worker(way, data):
                    found[name].append(latency.measure(way, data, rate, SECONDS * 2))
    at = f"{WORK} at {rate:.0f} orders/s"
    for place, which, target, aim in ((0, "median", 1.5, 1.0), (1, "p99", 3.0, 1.5)):
        ms = {name: median(run[place] for run in runs) for name, runs in found.items()}
        yield Comparison("L1", f"{at}, {which}", "ms", ms["product"], "a bare task on commit",
                         ms["bare"], target, aim, at_most=True)  # fmt: skip


@contextmanager
def scene(bench: Bench) -> Iterator[Databases]:
    """Lend a copy of the data with a Redis, as on one server."""
    with private_redis() as redis, copy_of(bench.orders(writes.ORDERS)) as copy:
        data = Databases(copy.postgres, copy.name, {"REDIS_URL": redis.url})
        for url, table in zip((data.write_url, data.read_url), latency.BARE_TABLES, strict=True):
            with psycopg.connect(url) as connection:
                connection.execute(table)
        yield data


def half_rate(data: Databases) -> float:
    """Return half of what as many clients place when they go as fast as they can."""
    with latency.worker(latency.PRODUCT, data):
        found = programs.run(latency.PRODUCT.place, data.environment, latency.CLIENTS, SECONDS)
    return float(found["rate"] / 2)
