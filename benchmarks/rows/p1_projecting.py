"""P1: projecting 100,000 order events in one worker, feed to read rows with their documents."""

import json
from collections.abc import Iterator

import psycopg

from benchmarks import programs
from benchmarks.bench import Bench
from benchmarks.databases import Databases, copy_of
from benchmarks.measuring import in_turns
from benchmarks.row import Comparison

ORDERS = 29_000  # their lives are 100,053 events
RIVAL_EVENTS = 2_000
WORK = "project 100,000 order events, checkpoint included"
LIMIT = "benchmarks.rivals.copy_and_fold"


def p1(bench: Bench) -> Iterator[Comparison]:
    """Measure the orders projection against COPY-and-fold and eventsourcing's runner."""
    expected = _documents(bench.orders(ORDERS), "read_orders")
    with copy_of(bench.log(ORDERS)) as data:
        batch = programs.run("benchmarks.product.facts", data.environment)["batch"]
        found = in_turns(
            {
                "product": lambda: _rate(data, "benchmarks.product.project", "orders"),
                "limit": lambda: _rate(data, LIMIT, batch),
                "rival": lambda: _rival(data),
            }
        )
        for table in ("read_orders", "limit_orders"):
            if _documents(data, table) != expected:
                raise AssertionError(f"{table} holds other documents than were loaded")
        if _texts(data, "read_order_search") != _texts(data, "limit_order_search"):
            raise AssertionError("the product and the limit hold other texts to be searched")
    yield Comparison("P1", WORK, "events/s", found["product"], f"COPY and fold, batches of {batch}",
                     found["limit"], 0.7, 0.9, kind="limit")  # fmt: skip
    yield Comparison("P1", WORK, "events/s", found["product"], "eventsourcing's ProjectionRunner",
                     found["rival"], 20, 30)  # fmt: skip


def forget(data: Databases) -> None:
    """Empty the read models, so that the log is projected once more."""
    with psycopg.connect(data.read_url, autocommit=True) as connection:
        names = connection.execute(
            "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename SIMILAR TO '(read|cqrs_projections)\\_%'"
        ).fetchone()
        assert names is not None
        connection.execute(f"TRUNCATE {names[0]}")


def _rate(data: Databases, program: str, *arguments: object) -> float:
    if program != LIMIT:
        forget(data)
    found = programs.run(program, data.environment, *arguments)
    return float(found["events"] / found["seconds"])


def _rival(data: Databases) -> float:
    own = Databases(data.postgres, "rival")
    own.create()
    found = programs.run("benchmarks.rivals.eventsourcing_runner", own.environment, RIVAL_EVENTS)
    own.drop()
    return float(found["events"] / found["seconds"])


def _texts(data: Databases, table: str) -> set[tuple[str, str]]:
    with psycopg.connect(data.read_url) as connection:
        return set(connection.execute(f"SELECT id::text, search_text FROM {table}").fetchall())


def _documents(data: Databases, table: str) -> dict[str, object]:
    with psycopg.connect(data.read_url) as connection:
        rows = connection.execute(f"SELECT id::text, document FROM {table}").fetchall()
    return {key: json.loads(document) for key, document in rows}
