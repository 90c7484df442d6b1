"""R2: one order by its id."""

from collections.abc import Iterator

from benchmarks import reads, web
from benchmarks.bench import Bench
from benchmarks.measuring import in_turns
from benchmarks.row import Comparison


def r2(bench: Bench) -> Iterator[Comparison]:
    """Measure against a bare view that copies one document."""
    data = bench.orders(100_000)
    requests = reads.single_orders(data)
    with web.product(data) as product, web.rival("bare", data) as bare:
        reads.refuse_differences(requests, product, bare)
        servers = {"product": product, "bare": bare}
        found = in_turns({name: reads.rate(one, requests) for name, one in servers.items()})
    yield Comparison("R2", "one order by id", "requests/s", found["product"],
                     "bare view, copies a document", found["bare"], 0.5, 0.65,
                     kind="limit", note=web.cpu_note(product, bare))  # fmt: skip
