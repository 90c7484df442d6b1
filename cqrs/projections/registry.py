"""The projections that `settings.CQRS` names, and the runner that applies them."""

from cqrs.conf import cached_setting, conf, tables
from cqrs.consumers.runner import Runner
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.projection import Projection

runner = Runner(ProjectionCheckpoint, ParkedEvent, PROJECTION_ALIAS)


@cached_setting
def projections() -> tuple[Projection, ...]:
    """Return every projection, from the tables named in the settings."""
    return tuple(projection for table in tables(conf().PROJECTIONS) for projection in table)


@cached_setting
def projection_names() -> frozenset[str]:
    return frozenset(projection.name for projection in projections())


@cached_setting
def homes() -> dict[str, Projection]:
    """Return the projections whose rows show the versions of aggregates, by stream type."""
    return {each.home_of: each for each in projections() if each.home_of is not None}
