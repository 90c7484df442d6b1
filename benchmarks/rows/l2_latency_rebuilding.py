"""L2: from commit to visible while a rebuild runs, against the same without one."""

import threading
from collections.abc import Iterator

from benchmarks import latency
from benchmarks.bench import Bench
from benchmarks.databases import Databases
from benchmarks.measuring import SECONDS
from benchmarks.row import Comparison, Finding, NotAvailable
from benchmarks.rows.l1_latency import half_rate, scene
from benchmarks.rows.p2_rebuild import can_rebuild, rebuild_s

WORK = "commit to visible while a rebuild runs, median"


def l2(bench: Bench) -> Iterator[Finding]:
    """Measure the same placing twice, the second time with rebuilds one after the other."""
    with scene(bench) as data:
        if not can_rebuild(data):
            yield NotAvailable("L2", WORK, "there is no `projections rebuild` yet")
            return
        rate = half_rate(data)
        with latency.workers(latency.PRODUCT, data):
            alone, _ = latency.measure(latency.PRODUCT, data, rate, SECONDS * 2)
            with Rebuilding(data):
                beside, _ = latency.measure(latency.PRODUCT, data, rate, SECONDS * 2)
    yield Comparison("L2", WORK, "ms", beside, "without a rebuild", alone, 1.5, 1.2,
                     kind="limit", at_most=True)  # fmt: skip


class Rebuilding:
    """Rebuild the orders again and again, beside the block."""

    def __init__(self, data: Databases) -> None:
        self.data = data
        self.is_over = threading.Event()
        self.failures: list[Exception] = []
        self.thread = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.thread.join()
        if self.failures:
            raise self.failures[0]

    def _run(self) -> None:
        while not self.is_over.is_set():
            try:
                rebuild_s(self.data)
            except Exception as error:  # noqa: BLE001  raised when the block ends
                self.failures.append(error)
                return
