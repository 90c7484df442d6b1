"""S1: the sequencer alone, and raw writers with it beside them against without."""

from collections.abc import Iterator

import psycopg

from benchmarks import programs
from benchmarks.bench import Bench
from benchmarks.databases import Databases, copy_of
from benchmarks.measuring import SECONDS, in_turns
from benchmarks.row import Comparison

PENDING = 300_000
WRITERS = 8
_FILL = """
WITH inserted AS (
    INSERT INTO cqrs_event (event_id, stream_type, stream_id, version, type, schema_version, data,
                       metadata, occurred_at)
    SELECT gen_random_uuid(), 'order', gen_random_uuid(), 1, 'orders.order_confirmed', 1, '{}',
           '{}', now() FROM generate_series(1, %s) RETURNING id
)
INSERT INTO cqrs_pending (event_id, bucket) SELECT id, id %% 256 FROM inserted
"""


def s1(bench: Bench) -> Iterator[Comparison]:
    """Measure on a log of its own."""
    with copy_of(bench.log(2_000)) as data:
        alone = in_turns({"product": lambda: _sequence(data)})["product"]
        yield Comparison("S1", "the sequencer alone", "events/s", alone, "demanded", 100_000, 1, 1,
                         kind="limit")  # fmt: skip
        for work_ms, target, aim in ((0, 0.85, 0.9), (5, 0.95, 1.0)):
            what = "at saturation" if not work_ms else f"with {work_ms} ms of work"
            found = in_turns(
                {
                    "with": lambda ms=work_ms: _writers(data, ms, beside=True),  # type: ignore[misc]
                    "without": lambda ms=work_ms: _writers(data, ms, beside=False),  # type: ignore[misc]
                }
            )
            yield Comparison("S1", f"raw writers {what}, sequencer beside them", "transactions/s",
                             found["with"], "without a sequencer", found["without"], target, aim,
                             kind="limit")  # fmt: skip


def _sequence(data: Databases) -> float:
    with psycopg.connect(data.write_url, autocommit=True) as connection:
        connection.execute(_FILL, [PENDING])
        connection.execute("VACUUM ANALYZE cqrs_pending")
    found = programs.run("benchmarks.product.sequence", data.environment)
    if found["events"] != PENDING:
        raise AssertionError(f"{found['events']} of {PENDING} events got a position")
    return float(found["events"] / found["seconds"])


def _writers(data: Databases, work_ms: float, *, beside: bool) -> float:
    arguments = (WRITERS, SECONDS, work_ms)
    if not beside:
        found = programs.run("benchmarks.rivals.raw_writers", data.environment, *arguments)
        programs.run("benchmarks.product.sequence", data.environment)  # both start with none
        return float(found["rate"])
    program = "benchmarks.product.sequence"
    sequencer = programs.start(program, data.environment, SECONDS + 2)
    found = programs.run("benchmarks.rivals.raw_writers", data.environment, *arguments)
    programs.finish(sequencer)
    return float(found["rate"])
