"""Say why a projection cannot go on in this build, for `projections status` and the metrics."""

from collections.abc import Sequence

from cqrs.consumers.consumer import is_unreadable
from cqrs.consumers.partitions import PartitionCheckpoint
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log import feed, sequencer
from cqrs.event_log.upcasters import NeedsNewerCode
from cqrs.projections.models import ProjectionCheckpoint
from cqrs.projections.projection import Projection
from cqrs.projections.registry import code_of, runner
from cqrs.rebuild.serving import NeedsOtherBuild


def blocked_reason(projection_name: str) -> str | None:
    """Return why this build does not advance the serving tables; None if nothing is in its way.

    Either it lacks the version of the tables, or a worker has failed and no event is to blame, or
    the next event of a partition needs newer code. Needs two statements, and up to four when a
    partition is behind.
    """
    checkpoints = runner.partitions.get([projection_name])
    if not checkpoints:
        return None
    code = code_of(projection_name, checkpoints[0].version)
    if code is None:
        return str(NeedsOtherBuild(projection_name, checkpoints[0].version))
    head = sequencer.head()
    behind = [each for each in checkpoints if each.position < head]
    return (_failure(projection_name) or _unreadable(code, behind)) if behind else None


def _failure(projection_name: str) -> str | None:
    """Return what has stopped the projection in a worker, which tries again by itself."""
    rows = ProjectionCheckpoint.objects.using(PROJECTION_ALIAS).filter(consumer=projection_name)
    return rows.exclude(failure=None).values_list("failure", flat=True).first()


def _unreadable(projection: Projection, behind: Sequence[PartitionCheckpoint]) -> str | None:
    """Return the reason of the first partition that stands just before an event it cannot read."""
    following = {event.position: event for event in feed.at([each.position + 1 for each in behind])}
    for each in behind:
        event = following.get(each.position + 1)
        if event and each.owns(event.bucket) and is_unreadable(projection, event):
            needed = NeedsNewerCode(event.type, event.schema_version)
            return f"{needed}: partition {each.partition} stands before position {event.position}"
    return None
