"""Heal: bring everything that is ahead of the log back to what the log says.

`default` was restored from a backup, or promoted with a loss. The log gets a new epoch, so that no
token of the lost past counts. Each read model that is ahead is built anew from the log beside its
tables, which go on serving, and takes their place. A call that was interrupted is continued by the
next one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import structlog
from django.db import transaction

from cqrs.consumers.partitions import HEALING
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.database.locks import LockSpace, session_lock
from cqrs.projections.models import LogEpoch, ProjectionCheckpoint
from cqrs.projections.registry import runner, versions
from cqrs.rebuild.catch_up import Report, follow_log
from cqrs.rebuild.comparison import Difference
from cqrs.rebuild.diagnosis import Diagnosis, diagnose
from cqrs.rebuild.log_repair import begin_epoch, has_gaps, new_epoch, require_complete_log
from cqrs.rebuild.lost_events import LostEvents, lost_events
from cqrs.rebuild.rebuild import create_unless_it_fits
from cqrs.rebuild.serving import serving_version
from cqrs.rebuild.swap import replace_serving
from cqrs.rebuild.table_copies import Busy, Slot, TableCopy, exclusive
from cqrs.rebuild.verify import verify

Reporting = Callable[[str], AbstractContextManager[Report]]
"""Returns, for the name of a projection, what receives its progress."""

log = structlog.get_logger("cqrs.rebuild")


@dataclass(slots=True)
class Healed:
    """What a call has done: the names of the projections, copies and reactions, and what is lost.

    `epoch` is that of the log; None: there was nothing to heal. `differences` are those to the log
    afterwards.
    """

    epoch: int | None = None
    projections: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    reactions: list[str] = field(default_factory=list)
    lost: list[LostEvents] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


def heal(reporting: Reporting, *, accept_loss: bool = False, restored: bool = False) -> Healed:
    """Make the read side follow the log, and return what was done; without need, do nothing.

    With `restored`, give a new epoch in any case. Raises `LogIsIncomplete`, unless `accept_loss`;
    `Busy`; and as `rebuild` does.
    """
    with _alone():
        found = diagnose()
        if found.follows and not restored:
            return Healed()
        require_complete_log(accept_loss=accept_loss)
        lost = list(dict.fromkeys(lost_events(found.serving)))
        epoch = _begin(found, restored=restored)
        marked = diagnose()
        copies = _drop_copies(marked)
        for name in marked.serving:
            with reporting(name) as report:
                _build_anew(name, report)
        differences = list(_differences(marked.serving, reporting))
    reactions = [each.consumer for each in found.reactions]
    log.warning("healed", epoch=epoch, projections=marked.serving, lost=len(lost))
    return Healed(epoch, marked.serving, copies, reactions, lost, differences)


@contextmanager
def _alone() -> Iterator[None]:
    with session_lock(LockSpace.HEAL, using=PROJECTION_ALIAS) as is_held:
        if not is_held:
            raise Busy("Another process heals already")
        yield


def _begin(found: Diagnosis, *, restored: bool) -> int:
    """Give both databases one epoch, and take the tables that are ahead out of the count.

    `replica` comes first: a call that finds the marks goes on with its epoch.
    """
    is_kept = (found.is_begun or found.is_read_side_older) and not restored
    epoch = new_epoch()
    if is_kept:
        epoch = found.read_epoch if found.is_begun else found.log_epoch
    names = [*versions()] if has_gaps() else found.serving
    with transaction.atomic(using=PROJECTION_ALIAS):
        runner.partitions.lock(names)
        LogEpoch.objects.using(PROJECTION_ALIAS).update_or_create(id=1, defaults={"epoch": epoch})
        checkpoints = ProjectionCheckpoint.objects.using(PROJECTION_ALIAS)
        checkpoints.filter(consumer__in=names).update(position=0, event_id=HEALING)
    begin_epoch(epoch)
    return epoch


def _drop_copies(found: Diagnosis) -> list[str]:
    names = list(dict.fromkeys(each.consumer for each in found.copies))
    for name in names:
        projection, slot = name.rsplit(".", 1)
        copy = TableCopy(versions()[projection][-1], Slot(slot))
        with exclusive(TableCopy(copy.projection, Slot.SHADOW)):
            copy.drop()
    return names


def _build_anew(name: str, report: Report) -> None:
    """Build the tables from the log in the version that serves, and let them serve."""
    copy = TableCopy(serving_version(name), Slot.SHADOW)
    with exclusive(copy):
        create_unless_it_fits(copy)
        follow_log(copy, report)
        report("adding indexes", 0, 1)
        copy.complete()
        follow_log(copy, report)
        report("swapping", 0, 1)
        replace_serving(copy)


def _differences(names: Sequence[str], reporting: Reporting) -> Iterator[Difference]:
    for name in names:
        with reporting(name) as report:
            yield from verify(serving_version(name), report)
