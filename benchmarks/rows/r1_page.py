"""R1: a page of 20 orders of a customer, with their lines, a status filter and the count."""

from collections.abc import Iterator

from benchmarks import reads, web
from benchmarks.bench import Bench
from benchmarks.measuring import in_turns
from benchmarks.rivals.normalized.tables import create_tables
from benchmarks.row import Comparison

WORK = "page of 20 orders with lines, filter, count"


def r1(bench: Bench) -> Iterator[Comparison]:
    """Measure 100,000 orders against normalized tables and against copying documents."""
    data = bench.orders(100_000)
    create_tables(data)
    requests = reads.pages(data)
    with (
        web.product(data) as product,
        web.rival("normalized.wsgi", data) as normalized,
        web.rival("bare", data) as bare,
    ):
        reads.refuse_differences(requests, product, normalized, bare)
        servers = {"product": product, "normalized": normalized, "bare": bare}
        found = in_turns({name: reads.rate(one, requests) for name, one in servers.items()})
    yield Comparison("R1", WORK, "requests/s", found["product"], "normalized tables, DRF",
                     found["normalized"], 10, 14,
                     note=web.cpu_note(product, normalized))  # fmt: skip
    yield Comparison("R1", WORK, "requests/s", found["product"], "bare view, copies documents",
                     found["bare"], 0.6, 0.8, kind="limit",
                     note=web.cpu_note(product, bare))  # fmt: skip
