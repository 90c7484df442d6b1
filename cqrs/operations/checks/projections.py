"""System checks of the read side: what a deploy has left to do."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import Error

from cqrs.consumers.ahead import AheadOfLog
from cqrs.database.aliases import PROJECTION_ALIAS, READ_ALIAS, WRITE_ALIAS
from cqrs.operations.progress import ahead_projections
from cqrs.projections.projection import Projection
from cqrs.projections.registry import projections, runner


@register(Tags.database)
def projections_are_current(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Name the projections whose tables another version, or number of partitions, has made."""
    if not {READ_ALIAS, PROJECTION_ALIAS} & set(databases or ()):
        return []
    try:
        checkpoints = runner.partitions.get([each.name for each in projections()], READ_ALIAS)
    except Error:
        return []  # not migrated yet, or out of reach: others say so
    found: list[CheckMessage] = []
    for projection in _latest():
        mine = [checkpoint for checkpoint in checkpoints if checkpoint.consumer == projection.name]
        if mine and mine[0].version != projection.version:
            found.append(_outdated(projection.name, mine[0].version, projection.version))
        if mine and mine[0].partitions != projection.partitions:
            found.append(_divided(projection.name, mine[0].partitions, projection.partitions))
    return found


@register(Tags.database)
def projections_follow_the_log(
    databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Name the projections that have applied events that the log has lost."""
    if not {WRITE_ALIAS, READ_ALIAS} <= set(databases or ()):
        return []
    try:
        ahead = ahead_projections()
    except Error:
        return []  # not migrated yet, or out of reach: others say so
    return [
        Warning(str(AheadOfLog([name])), hint="manage.py projections heal", id="cqrs.W004")
        for name in ahead
    ]


def _latest() -> Iterable[Projection]:
    """Return the highest version of each projection: the one that the code wants to serve."""
    by_version = sorted(projections(), key=lambda projection: projection.version)
    return {projection.name: projection for projection in by_version}.values()


def _outdated(name: str, built: int, wanted: int) -> CheckMessage:
    older = "this build is older: run the newer one, or `projections rebuild --rollback`"
    return Warning(
        f"The tables of {name} are of version {built}, the code is version {wanted}",
        hint=f"manage.py projections rebuild {name}" if built < wanted else older,
        id="cqrs.W001",
    )


def _divided(name: str, has: int, wanted: int) -> CheckMessage:
    return Warning(
        f"{name} has {has} partition(s), but is to have {wanted} (CQRS PARTITIONS)",
        hint=f"manage.py projections repartition {name}",
        id="cqrs.W002",
    )
