"""Find out what is ahead of the log, on both databases, before anything is changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cqrs.consumers.ahead import ahead_of_log
from cqrs.consumers.partitions import HEALING, PartitionCheckpoint
from cqrs.models import FeedHead
from cqrs.projections.models import LogEpoch
from cqrs.projections.registry import projection_names, runner
from cqrs.reactions.registry import partitions as reaction_partitions
from cqrs.reactions.registry import reactions
from cqrs.rebuild.table_copies import Slot


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The checkpoints that are ahead of the log, and the epochs of the log and of the read side."""

    projections: Sequence[PartitionCheckpoint]
    copies: Sequence[PartitionCheckpoint]
    reactions: Sequence[PartitionCheckpoint]
    log_epoch: int
    read_epoch: int

    @property
    def serving(self) -> list[str]:
        """The projections whose serving tables are ahead."""
        return list(dict.fromkeys(each.consumer for each in self.projections))

    @property
    def is_ahead(self) -> bool:
        return bool(self.projections or self.copies or self.reactions)

    @property
    def follows(self) -> bool:
        """Whether nothing is to heal."""
        return not self.is_ahead and self.log_epoch == self.read_epoch

    @property
    def is_read_side_older(self) -> bool:
        """Whether `replica` alone is from before the log's epoch: a new database, or a backup."""
        return not self.is_ahead and not self.read_epoch

    @property
    def is_begun(self) -> bool:
        """Whether an interrupted call has given the epoch already that these need."""
        serving = all(each.event_id == HEALING for each in self.projections)
        return bool(self.projections) and serving and not self.reactions


def diagnose() -> Diagnosis:
    """Compare every checkpoint with the log."""
    names = sorted(projection_names())
    # The checkpoints before the log, which only grows.
    projections = runner.partitions.get(names)
    copies = runner.partitions.get(list(_copies(names)))
    of_reactions = reaction_partitions.get([each.name for each in reactions()])
    return Diagnosis(
        projections=ahead_of_log(projections),
        copies=ahead_of_log(copies),
        reactions=ahead_of_log(of_reactions),
        log_epoch=FeedHead.objects.values_list("epoch", flat=True).first() or 0,
        read_epoch=LogEpoch.objects.using(runner.alias).values_list("epoch", flat=True).first()
        or 0,
    )


def adopt_epoch() -> None:
    """Give a read side that has no epoch yet that of the log."""
    epoch = FeedHead.objects.values_list("epoch", flat=True).first()
    if epoch:
        LogEpoch.objects.using(runner.alias).filter(epoch=0).update(epoch=epoch)


def _copies(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        yield from (f"{name}.{slot}" for slot in Slot if slot is not Slot.SERVING)
