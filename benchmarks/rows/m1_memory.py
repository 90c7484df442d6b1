"""M1: the memory of a web process under R1 and W1 for ten minutes."""

import os
import time
from collections.abc import Iterator

import psutil

from benchmarks import reads, web, writes
from benchmarks.bench import Bench
from benchmarks.databases import copy_of
from benchmarks.row import Comparison

MINUTES = float(os.environ.get("BENCH_M1_MINUTES", "10"))
WARM_UP = 0.3  # of the time
TURN_S = 5.0
GROWTH = 1.03  # what the allocator moves by itself


def m1(bench: Bench) -> Iterator[Comparison]:
    """Load a web process without workers in it; compare it with itself and with an empty one."""
    with copy_of(bench.orders(writes.ORDERS)) as data:
        with web.product(data, worker=False, caching=True) as product:
            requests, posts = reads.pages(data), writes.posts()
            begun, warm = time.monotonic(), 0.0
            while (passed := time.monotonic() - begun) < MINUTES * 60:
                if not warm and passed > WARM_UP * MINUTES * 60:
                    warm = _mb(product)
                product.load(requests, TURN_S)
                product.load(posts, TURN_S, status=201, keys=True)
            end = _mb(product)
        with web.rival("empty_drf", data) as empty:
            empty.load([{"path": "/ready"}], TURN_S)
            least = _mb(empty)
    yield Comparison("M1", f"web process after {MINUTES:g} minutes", "MB", end, "after warm-up",
                     warm, GROWTH, 1.0, kind="limit", at_most=True)  # fmt: skip
    yield Comparison("M1", f"web process after {MINUTES:g} minutes", "MB", end,
                     "empty Django and DRF", least, 1.9, 1.6, at_most=True)  # fmt: skip


def _mb(server: web.Web) -> float:
    """Return what the largest child, the worker process, keeps for itself alone (USS)."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    return float(max(child.memory_full_info().uss for child in children) / 1_000_000)
