"""The projections that `settings.CQRS` names, and the runner that applies them."""

from django.core.exceptions import ImproperlyConfigured

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
    found: dict[str, Projection] = {}
    for projection in projections():
        if projection.home_of is None:
            continue
        if projection.home_of in found:
            raise ImproperlyConfigured(f"The stream {projection.home_of!r} has two homes")
        found[projection.home_of] = projection
    return found
