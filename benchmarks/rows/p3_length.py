"""P3: what an event costs to project at the end of a log of millions, against a short one."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from benchmarks import programs
from benchmarks.bench import Bench
from benchmarks.databases import Databases
from benchmarks.load_write_side import append_orders
from benchmarks.measuring import in_turns
from benchmarks.row import Comparison
from benchmarks.synthetic_orders import make_up

LONG = int(os.environ.get("BENCH_P3_ORDERS", "1450000"))  # 5 million events
SHORT = 2_900  # 10 thousand events
MORE = 2_900


@dataclass
class Log:
    """A projected log that gets further events, the same again for each run."""

    data: Databases
    orders: int
    head: int

    def cost_us(self) -> float:
        """Append 10,000 events, project them, and return the microseconds per event."""
        with psycopg.connect(self.data.write_url) as connection:
            make_up(connection, MORE, after=self.orders, head=self.head)
            append_orders(connection)
        found = programs.run("benchmarks.product.project", self.data.environment, "orders")
        self.restore()
        return float(found["seconds"] / found["events"] * 1_000_000)

    def restore(self) -> None:
        """Take back what was appended and what was made of it."""
        with psycopg.connect(self.data.write_url) as connection:
            for statement in (
                "DELETE FROM cqrs_feed WHERE position > %s",
                "DELETE FROM cqrs_event WHERE id > %s",
                "UPDATE cqrs_feedhead SET position = %s",
            ):
                connection.execute(statement, [self.head])
        with psycopg.connect(self.data.read_url) as connection:
            connection.execute("DELETE FROM read_orders WHERE position > %s", [self.head])
        programs.run("benchmarks.product.stand_at", self.data.environment, self.head)


def p3(bench: Bench) -> Iterator[Comparison]:
    """Compare the last 10,000 events of a long log with those of a short one."""
    logs = {"long": _log(bench, LONG), "short": _log(bench, SHORT)}
    found = in_turns({name: log.cost_us for name, log in logs.items()})
    yield Comparison("P3", f"an event after {logs['long'].head:,} others", "µs", found["long"],
                     f"after {logs['short'].head:,}", found["short"], 1.15, 1.05,
                     at_most=True)  # fmt: skip


def _log(bench: Bench, orders: int) -> Log:
    data = bench.orders(orders)
    with psycopg.connect(data.write_url) as connection:
        row = connection.execute("SELECT position FROM cqrs_feedhead").fetchone()
    assert row is not None
    return Log(data, orders, row[0])
