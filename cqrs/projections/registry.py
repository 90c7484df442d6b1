"""The projections that `settings.CQRS` names, and the runner that applies them."""

from collections import defaultdict
from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured

from cqrs.conf import cached_setting, conf, tables
from cqrs.consumers.runner import Runner
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.projection import Projection

runner = Runner(ProjectionCheckpoint, ParkedEvent, PROJECTION_ALIAS)


@cached_setting
def versions() -> Mapping[str, tuple[Projection, ...]]:
    """Return every registered version of each projection, the newest one last, by name."""
    found = defaultdict[str, list[Projection]](list)
    for table in tables(conf().PROJECTIONS):
        for projection in table:
            found[projection.name].append(projection)
    return {
        name: tuple(sorted(some, key=lambda each: each.version)) for name, some in found.items()
    }


@cached_setting
def projections() -> tuple[Projection, ...]:
    """Return every projection in its newest version: what a rebuild makes."""
    return tuple(some[-1] for some in versions().values())


def all_versions() -> list[Projection]:
    """Return every registered version of every projection."""
    return [each for some in versions().values() for each in some]


def code_of(name: str, version: int) -> Projection | None:
    """Return the version of a projection; None if this build does not have it."""
    return next((each for each in versions().get(name, ()) if each.version == version), None)


def table_names(name: str) -> list[str]:
    """Return the tables of all versions of a projection."""
    return list(dict.fromkeys(table.name for each in versions()[name] for table in each.tables))


@cached_setting
def projection_names() -> frozenset[str]:
    return frozenset(versions())


@cached_setting
def homes() -> dict[str, Projection]:
    """Return the projections whose rows show the versions of aggregates, by stream type."""
    found: dict[str, Projection] = {}
    for projection in projections():
        if projection.home_of is None:
            continue
        if projection.home_of in found:
            raise ImproperlyConfigured(f"The stream {projection.home_of!r} has two homes")
        found[projection.home_of] = projection
    return found
