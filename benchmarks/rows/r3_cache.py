"""R3: R1 through a warm cache, and R1 answered 304."""

from collections.abc import Iterator
from typing import Any

from benchmarks import programs, reads, web
from benchmarks.bench import Bench
from benchmarks.measuring import SECONDS, in_turns
from benchmarks.row import Comparison, Finding, NotAvailable

WARM, UNCHANGED = "R1 through a warm cache", "R1 answered 304"


def r3(bench: Bench) -> Iterator[Finding]:
    """Measure what the product has: without caching or 304 it says so."""
    data = bench.orders(100_000)
    caching = programs.run("benchmarks.product.facts", data.environment)["caching"]
    requests = reads.pages(data)
    with web.product(data) as plain, web.product(data, caching=True) as cached:
        if caching:
            reads.refuse_differences(requests, plain, cached)
            yield from _compare(WARM, plain, cached, requests, 1.8, 2.2)
        else:
            yield NotAvailable("R3", WARM, "queries are not cached yet")
        conditional = [_conditional(cached, request["path"]) for request in requests]
        if cached.get(requests[0]["path"], **conditional[0]["headers"])[0] == 304:
            yield from _compare(UNCHANGED, plain, cached, conditional, 1.8, 2.2, status=304)
        else:
            yield NotAvailable("R3", UNCHANGED, "If-None-Match is not answered yet")


def _compare(
    work: str, plain: web.Web, cached: web.Web, requests: list[dict[str, Any]],
    target: float, aim: float, status: int = 200,
) -> Iterator[Comparison]:  # fmt: skip
    pages = [{"path": request["path"]} for request in requests]
    cached.load(pages, SECONDS)  # warms the cache
    found = in_turns(
        {
            "product": reads.rate(cached, requests, status=status),
            "uncached": reads.rate(plain, pages),
        }
    )
    yield Comparison("R3", work, "requests/s", found["product"], "R1 without a cache",
                     found["uncached"], target, aim)  # fmt: skip


def _conditional(server: web.Web, path: str) -> dict[str, Any]:
    _, headers, _ = server.get(path)
    return {"path": path, "headers": {"If-None-Match": headers["etag"]}}
