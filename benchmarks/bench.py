"""What rows have in common: the server and the data sets that they measure on."""

from dataclasses import dataclass

from benchmarks.databases import Databases
from benchmarks.loader import loaded
from benchmarks.servers import BenchPostgres


@dataclass(frozen=True)
class Bench:
    """The running PostgreSQL. Data sets are loaded when a row first asks for them."""

    postgres: BenchPostgres

    def orders(self, number: int) -> Databases:
        """Return databases with so many orders, projected. Copy them before writing to them."""
        return loaded(self.postgres, number)

    def log(self, orders: int) -> Databases:
        """Return databases with the log of so many orders and empty read models."""
        return loaded(self.postgres, orders, read_side=False)
