"""L1: from commit to visible through Celery, at half the highest write rate.

L1S is the same with a streaming standby that serves the reads: what counts is when the row is
visible there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import psycopg

from benchmarks import latency, programs, writes
from benchmarks.bench import Bench
from benchmarks.databases import Databases, copy_of
from benchmarks.measuring import RUNS, SECONDS
from benchmarks.row import Comparison
from benchmarks.standby import Replay, primary_and_standby, reading_from
from tests.support.servers import private_redis

WAYS = {"product": latency.PRODUCT, "bare": latency.BARE}
TARGETS = (("median", 1.5, 1.0), ("p99", 2.0, 1.5))


def l1(bench: Bench) -> Iterator[Comparison]:
    """Measure against a task on commit that applies one row."""
    with scene(bench) as data:
        yield from _compared("L1", "commit to visible", data)


def l1s(_: Bench) -> Iterator[Comparison]:
    """Measure the same by a standby of both databases, which is another server."""
    with primary_and_standby() as (primary, standby), scene(Bench(primary)) as data:
        there = reading_from(standby, data)
        yield from _compared("L1S", "commit to visible on a standby", there, on_standby=True)


def _compared(
    row: str, work: str, data: Databases, *, on_standby: bool = False
) -> Iterator[Comparison]:
    rate = half_rate(data)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    for _ in range(RUNS):
        for name, way in WAYS.items():
            with latency.workers(way, data):
                replay = Replay(data) if on_standby else None
                found[name].append(latency.measure(way, data, rate, SECONDS * 2, replay))
    for place, (which, target, aim) in enumerate(TARGETS):
        ms = {name: median(run[place] for run in runs) for name, runs in found.items()}
        yield Comparison(
            row,
            f"{work} at {rate:.0f} orders/s, {which}",
            "ms",
            ms["product"],
            "a bare task on commit",
            ms["bare"],
            target,
            aim,
            at_most=True,
        )


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
    with latency.workers(latency.PRODUCT, data):
        found = programs.run(latency.PRODUCT.place, data.environment, latency.CLIENTS, SECONDS)
    return float(found["rate"] / 2)
