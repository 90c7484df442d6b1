"""W1: `POST /api/orders` with three tracked products and an idempotency key, worker running."""

from collections.abc import Iterator

from benchmarks import web, writes
from benchmarks.bench import Bench
from benchmarks.databases import copy_of
from benchmarks.measuring import SECONDS, in_turns
from benchmarks.rivals.idiomatic.tables import create_tables
from benchmarks.row import Comparison


def w1(bench: Bench) -> Iterator[Comparison]:
    """Measure against an idiomatic endpoint without any of the guarantees."""
    posts = writes.posts()
    with copy_of(bench.orders(writes.ORDERS)) as data:
        create_tables(data)
        with web.product(data) as product, web.rival("idiomatic.wsgi", data) as idiomatic:
            writes.refuse_differences(product, idiomatic)

            def rate(server: web.Web) -> float:
                return float(server.load(posts, SECONDS, status=201, keys=True)["rate"])

            servers = {"product": product, "rival": idiomatic}
            found = in_turns({name: lambda one=one: rate(one) for name, one in servers.items()})  # type: ignore[misc]
    yield Comparison("W1", "POST /api/orders, 3 tracked products", "orders/s", found["product"],
                     "DRF and ORM, no guarantees", found["rival"], 1.2, 1.5,
                     note=web.cpu_note(product, idiomatic))  # fmt: skip
