"""P4: two workers on four partitions against one."""

import json
from collections.abc import Iterator

from benchmarks import programs
from benchmarks.bench import Bench
from benchmarks.databases import Databases, copy_of
from benchmarks.measuring import in_turns
from benchmarks.row import Comparison, Finding, NotAvailable
from benchmarks.rows.p1_projecting import ORDERS, forget

WORK = "two workers, four partitions"


def p4(bench: Bench) -> Iterator[Finding]:
    """Measure the orders projection; it needs two cores that no other program uses."""
    data = bench.log(ORDERS)
    data = Databases(data.postgres, data.name, {"PROJECTION_PARTITIONS": "4"})
    if programs.run("benchmarks.product.facts", data.environment)["partitions"] != 4:
        yield NotAvailable("P4", WORK, "the orders projection has one partition yet")
        return
    with copy_of(data) as copy:
        found = in_turns({"two": lambda: _rate(copy, 2), "one": lambda: _rate(copy, 1)})
    yield Comparison("P4", WORK, "events/s", found["two"], "one worker", found["one"], 1.8, 1.95)


def _rate(data: Databases, workers: int) -> float:
    """Start the workers, let them begin together, and return their events per second."""
    forget(data)
    environment = {**data.environment, "WAIT_FOR_GO": "1"}
    program = "benchmarks.product.project"
    running = [programs.start(program, environment, "orders") for _ in range(workers)]
    for worker in running:
        assert worker.stdout is not None
        if worker.stdout.readline().strip() != "ready":
            raise programs.Failed(worker.communicate()[1][-2000:])
    for worker in running:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    found = [json.loads(worker.communicate()[0].splitlines()[-1]) for worker in running]
    seconds = max(one["ended"] for one in found) - min(one["begun"] for one in found)
    return float(max(one["events"] for one in found) / seconds)
