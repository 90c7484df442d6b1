"""Make a pair of databases with N orders, or compare what it makes with the projections' work.

    python -m benchmarks.loader ORDERS…     load, unless they are there already
    python -m benchmarks.loader --check     load 2,000 orders, project the log, compare the tables

The rows are made by SQL and the same every time. The log, the feed and the read models are filled;
the aggregates' tables up to 100,000 orders. Read models that no benchmark reads stay empty, and
every projection stands at the head.
"""

import hashlib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from benchmarks import programs
from benchmarks.databases import Databases, drop_all
from benchmarks.load_read_side import TABLES, load_read_side
from benchmarks.load_write_side import load_write_side
from benchmarks.servers import BenchPostgres, running_postgres
from benchmarks.synthetic_orders import make_up
from config.environment import BASE_DIR

WITH_AGGREGATES = 100_000
CHECKED = 2_000


def loaded(postgres: BenchPostgres, orders: int, *, read_side: bool = True) -> Databases:
    """Return the databases with so many orders; load them if they are not there yet."""
    prefix = f"desk_{orders}_{'both' if read_side else 'log'}_"
    databases = Databases(postgres, prefix + _fingerprint())
    if databases.exist():
        return databases
    drop_all(postgres, prefix)  # made by other migrations or another loader
    started = time.perf_counter()
    draft = Databases(postgres, "draft")
    draft.create()
    migrate(draft)
    events = _fill(draft, orders, read_side=read_side)
    took = time.perf_counter() - started
    print(f"loaded {orders:,} orders, {events:,} events, in {took:.0f} s", file=sys.stderr)
    return draft.rename(databases.name)


def migrate(databases: Databases) -> None:
    for alias in ("default", "replica"):
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--database", alias, "--verbosity", "0"],
            env=databases.environment,
            cwd=BASE_DIR,
            check=True,
        )


def check(postgres: BenchPostgres) -> None:
    """Raise unless the projections make of the log, row by row, what was loaded beside it."""
    given = loaded(postgres, CHECKED)
    made = Databases(postgres, "checked")
    made.create(template=loaded(postgres, CHECKED, read_side=False))
    programs.run("benchmarks.product.project", made.environment)
    for table in TABLES:
        expected, found = _rows(given, table), _rows(made, table)
        if expected != found:
            one = next(pair for pair in zip(expected, found, strict=False) if pair[0] != pair[1])
            raise AssertionError(f"{table}: loaded {one[0]}\nprojected {one[1]}")
    made.drop()


def _fill(databases: Databases, orders: int, *, read_side: bool) -> int:
    """Fill both sides at once, each on a core of its own; return the number of events."""
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(_fill_read_side, databases, orders) if read_side else None
        events = pool.submit(_fill_write_side, databases, orders).result()
        if reading is not None:
            reading.result()
            programs.run("benchmarks.product.stand_at", databases.environment, events)
    return events


def _fill_write_side(databases: Databases, orders: int) -> int:
    with psycopg.connect(databases.write_url) as connection:
        make_up(connection, orders)
        events = load_write_side(connection, aggregates=orders <= WITH_AGGREGATES)
    if orders <= WITH_AGGREGATES:
        programs.run("benchmarks.product.seal", databases.environment)
    _vacuum(databases.write_url)
    return events


def _fill_read_side(databases: Databases, orders: int) -> None:
    with psycopg.connect(databases.read_url) as connection:
        make_up(connection, orders)
        load_read_side(connection)
    _vacuum(databases.read_url)


def _vacuum(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _rows(databases: Databases, table: str) -> list[tuple[object, ...]]:
    """Return all rows, in one order and with their columns in one order."""
    with psycopg.connect(databases.read_url) as connection:
        names = connection.execute(
            "SELECT string_agg(column_name, ', ' ORDER BY column_name)"
            " FROM information_schema.columns WHERE table_name = %s",
            [table],
        ).fetchone()
        assert names is not None
        return connection.execute(f"SELECT {names[0]} FROM {table} ORDER BY {names[0]}").fetchall()


def _fingerprint() -> str:
    """Return what the loaded databases depend on, so that no stale ones are measured."""
    sources = [Path(__file__).parent / name for name in ("load_read_side.py", "load_write_side.py")]
    sources += [Path(__file__).parent / "synthetic_orders.py"]
    sources += sorted(BASE_DIR.glob("*/migrations/0*.py"))
    return hashlib.md5(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]


if __name__ == "__main__":
    with running_postgres() as server:
        if "--check" in sys.argv:
            check(server)
            print("what is loaded is what the projections write")
        for number in sys.argv[1:]:
            if number.isdecimal():
                loaded(server, int(number))
