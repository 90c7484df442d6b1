"""Rebuilds that run, and what the last verification of each read model found."""

from collections.abc import Iterator

from cqrs.database.aliases import PROJECTION_ALIAS, READ_ALIAS
from cqrs.database.locks import LockSpace, held
from cqrs.event_log import sequencer
from cqrs.operations.collectors.gauges import Gauges, Sample
from cqrs.projections.models import ProjectionCheckpoint, Verification
from cqrs.projections.registry import projection_names
from cqrs.rebuild.table_copies import Slot


class Rebuilds(Gauges):
    """Queries the locks and the checkpoints of the copies that rebuilds fill."""

    declared = {
        "cqrs_rebuild_running": ("1: a process rebuilds it", ("projection",)),
        "cqrs_rebuild_progress_ratio": (
            "How much of the log its new tables have, while they are filled",
            ("projection",),
        ),
    }

    def samples(self) -> Iterator[Sample]:
        shadows = {f"{name}.{Slot.SHADOW}": name for name in projection_names()}
        running = held(LockSpace.TABLE_COPY, shadows, using=PROJECTION_ALIAS)
        for shadow, name in shadows.items():
            yield "cqrs_rebuild_running", [name], shadow in running
        checkpoints = ProjectionCheckpoint.objects.filter(consumer__in=shadows)
        found = dict(checkpoints.order_by("-position").values_list("consumer", "position"))
        if found:
            head = sequencer.head()
            for shadow, position in found.items():  # of the partition that is farthest behind
                ratio = min(1.0, position / head) if head else 1.0
                yield "cqrs_rebuild_progress_ratio", [shadows[shadow]], ratio


class Verifications(Gauges):
    """Queries what was stored of the last verifications of each registered projection."""

    declared = {
        "cqrs_verify_timestamp_seconds": (
            "When it was last verified; 0: never",
            ("projection", "scope"),
        ),
        "cqrs_verify_drifts": (
            "Rows that differ from the log, and were not repaired since",
            ("projection",),
        ),
    }

    def samples(self) -> Iterator[Sample]:
        stored = Verification.objects.using(READ_ALIAS).in_bulk()
        for name in projection_names():
            row = stored.get(name) or Verification(projection=name)
            yield "cqrs_verify_drifts", [name], row.drifts
            for scope, at in (("sample", row.sampled_at), ("all", row.verified_at)):
                at_s = at.timestamp() if at else 0
                yield "cqrs_verify_timestamp_seconds", [name, scope], at_s
