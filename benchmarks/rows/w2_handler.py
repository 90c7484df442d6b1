"""W2: placing orders on the bus, without HTTP, by eight clients."""

from collections.abc import Iterator

from benchmarks import programs, writes
from benchmarks.bench import Bench
from benchmarks.databases import copy_of
from benchmarks.measuring import SECONDS, in_turns
from benchmarks.row import Comparison

CLIENTS = 8


def w2(bench: Bench) -> Iterator[Comparison]:
    """Measure against psycopg in two round trips, on the same tables."""
    with copy_of(bench.orders(writes.ORDERS)) as data:

        def rate(program: str) -> float:
            return float(programs.run(program, data.environment, CLIENTS, SECONDS)["rate"])

        found = in_turns(
            {
                "product": lambda: rate("benchmarks.product.place_orders"),
                "limit": lambda: rate("benchmarks.rivals.two_round_trips"),
            }
        )
    yield Comparison("W2", "place an order without HTTP", "orders/s", found["product"],
                     "psycopg, two round trips", found["limit"], 0.45, 0.6,
                     kind="limit")  # fmt: skip
