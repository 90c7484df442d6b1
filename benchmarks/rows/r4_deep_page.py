"""R4: the last page by cursor against the first, of a million orders."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

from benchmarks import reads, web
from benchmarks.bench import Bench
from benchmarks.measuring import in_turns
from benchmarks.row import Comparison, Finding, NotAvailable

ORDERS = 1_000_000
FIRST = "/api/orders?cursor=&page_size=100"
WORK = "last page by cursor, 1 million orders"


def r4(bench: Bench) -> Iterator[Finding]:
    """Follow the links to the last page, then measure both."""
    with web.product(bench.orders(ORDERS)) as product:
        if product.get(FIRST)[0] != 200:
            yield NotAvailable("R4", WORK, "there is no paging by cursor yet")
            return
        last = _last(product)
        pages = {"first": FIRST, "last": last}
        found = in_turns(
            {name: reads.rate(product, [{"path": path}]) for name, path in pages.items()}
        )
    ms = {name: 1000 / rate for name, rate in found.items()}
    yield Comparison("R4", WORK, "ms", ms["last"], "the first page", ms["first"], 1.2, 1.05,
                     at_most=True)  # fmt: skip


def _last(product: web.Web) -> str:
    path = FIRST
    while True:
        status, _, body = product.get(path)
        if status != 200:
            raise AssertionError(f"{path}: {status} {body[:300]!r}")
        following = json.loads(body)["next"]
        if following is None:
            return path
        parts = urlsplit(following)
        path = f"{parts.path}?{parts.query}"
