"""Verifying a projection: recompute it from the log, compare in chunks, and mend what differs."""

import random
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import groupby, islice

from django.db import connections

from cqrs.consumers import Runner
from cqrs.signals import announce_applied
from readmodels.building import Report, fill, held_level, level_snapshot, pairs
from readmodels.builds import CHECK, LIVE_SCHEMA, Build, only_one
from readmodels.comparison import Comparison, Difference
from readmodels.engine import Projection, Table
from readmodels.parked import retry_all
from readmodels.projections import runner
from readmodels.router import PROJECTION_ALIAS
from readmodels.sampling import counting, part_of

NIGHTLY_PARTS = 16
MENDED_AT_ONCE = 1_000


def verify(
    projection: Projection, report: Report, *, parts: int = 1, repair: bool = False
) -> Iterator[Difference]:
    """Yield every row that is not what the log says; with `repair`, after it was mended.

    `parts` above 1 looks at a random one of so many parts of the log, where the projection can
    be cut. Workers go on meanwhile. Needs the memory of a chunk, also if everything differs.
    Raises `Busy`.
    """
    build = Build(projection, CHECK)
    with only_one(build):
        whole = runner.places(projection)[0].partitions
        partitions = whole if parts == 1 or not build.is_divisible else part_of(build, parts)
        only = None if partitions == whole else random.randrange(partitions)  # noqa: S311
        if repair:
            retry_all(projection)  # else a mended row would get its parked events once more
        build.create(partitions, only=only)
        try:
            fill(build, report)
            with closing(_differences(build, report)) as found:
                for some in _by(MENDED_AT_ONCE, found):
                    if repair:
                        _mend(build, some)
                    yield from some
        finally:
            build.drop()


def _differences(build: Build, report: Report) -> Generator[Difference, None, None]:
    with level_snapshot(build) as cursor:
        places = [place for place, _ in pairs(build)]
        part = places[0] if len(places) < places[0].partitions else None
        for table in build.tables:
            comparison = Comparison(table, LIVE_SCHEMA, build.schema, part)
            yield from comparison.differences(cursor, counting(report))


def _by(size: int, found: Iterable[Difference]) -> Iterator[list[Difference]]:
    rest = iter(found)
    while some := list(islice(rest, size)):
        yield some


def _mend(build: Build, differences: Sequence[Difference]) -> None:
    tables = {table.name: table for table in build.tables}
    for name, group in groupby(differences, key=lambda each: each.table):
        _copy(build, tables[name], [each.key for each in group])
    announce_applied(sender=Runner, consumer=build.projection, events=())


def _copy(build: Build, table: Table, keys: Sequence[str]) -> None:
    """Put the build's rows in place of the serving ones, at a moment when both are level."""
    names = ", ".join(name for name, _ in table.columns)
    key, kind = table.columns[0]
    where = f"WHERE {key} = ANY(%s::text[]::{kind}[])"
    with held_level(build), connections[PROJECTION_ALIAS].cursor() as cursor:
        cursor.execute(f"DELETE FROM {LIVE_SCHEMA}.{table.name} {where}", [list(keys)])  # noqa: S608
        cursor.execute(
            f"INSERT INTO {LIVE_SCHEMA}.{table.name} ({names})"  # noqa: S608
            f" SELECT {names} FROM {build.schema}.{table.name} {where}",
            [list(keys)],
        )
