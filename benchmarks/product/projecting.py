"""The one place where the benchmarks call the sequencer and the projections."""

import time
from collections.abc import Iterable

from django.db import connections

from cqrs import sequencer
from readmodels.projections import PROJECTIONS, runner
from readmodels.router import PROJECTION_ALIAS


def project(names: Iterable[str] = ()) -> tuple[int, float]:
    """Project everything in the feed, by default with all projections; return it and seconds."""
    wanted = [one for one in PROJECTIONS if not names or one.name in names]
    started = time.perf_counter()
    passed = sum(runner.drain(one) for one in wanted)
    return passed, time.perf_counter() - started


def step() -> bool:
    """Let the sequencer move one batch; say whether there is more."""
    return sequencer.step()


def stand_at(position: int) -> None:
    """Say that all projections have come to this position, whatever the read models hold."""
    table = runner.checkpoints._meta.db_table
    with connections[PROJECTION_ALIAS].cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")
        for projection in PROJECTIONS:
            for partition in range(projection.partitions):
                cursor.execute(
                    f"INSERT INTO {table} (consumer, version, partition, partitions, position,"
                    " updated_at) VALUES (%s, %s, %s, %s, %s, now())",
                    [projection.name, projection.version, partition, projection.partitions,
                     position],
                )  # fmt: skip
