"""Show how PostgreSQL answers the hot queries: `python -m benchmarks.explain [ORDERS]`.

They go through the product's own bus, so what is explained is what it executes. The table stands
in docs/queries.md.
"""

import re
import sys

from benchmarks import programs
from benchmarks.bench import Bench
from benchmarks.servers import running_postgres

ORDERS = 1_000_000
VALUE = re.compile(r"'[^']*'(::[a-z ]+)?|\b[\d.]+\b(?=[,)])")


def main() -> None:
    """Print a row of the table for each statement."""
    orders = int(sys.argv[1]) if sys.argv[1:] else ORDERS
    with running_postgres() as postgres:
        data = Bench(postgres).orders(orders)
        found = programs.run("benchmarks.product.explain", data.environment)
    print(f"| {orders:,} orders | index | plan | ms |\n| --- | --- | --- | --- |")
    for row in found["rows"]:
        condition = VALUE.sub("…", row["condition"])
        how = f"{row['plan']}, `{condition}`" if condition else row["plan"]
        print(f"| {row['query']} | `{row['index']}` | {how} | {row['ms']:.2f} |")


if __name__ == "__main__":
    main()
