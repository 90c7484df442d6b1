"""R5: R1 at a million orders against ten thousand."""

from collections.abc import Iterator

from benchmarks import reads, web
from benchmarks.bench import Bench
from benchmarks.measuring import in_turns
from benchmarks.row import Comparison

MANY, FEW = 1_000_000, 10_000


def r5(bench: Bench) -> Iterator[Comparison]:
    """Compare the time per request."""
    data = {"many": bench.orders(MANY), "few": bench.orders(FEW)}
    requests = {name: reads.pages(databases) for name, databases in data.items()}
    with web.product(data["many"]) as many, web.product(data["few"]) as few:
        servers = {"many": many, "few": few}
        found = in_turns({name: reads.rate(one, requests[name]) for name, one in servers.items()})
    ms = {name: 1000 / rate for name, rate in found.items()}
    yield Comparison("R5", "R1 at 1 million orders", "ms", ms["many"], "R1 at 10,000 orders",
                     ms["few"], 1.15, 1.05, at_most=True)  # fmt: skip
