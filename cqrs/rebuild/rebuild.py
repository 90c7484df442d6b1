"""Rebuild a projection under traffic: fill a copy, prove it, swap, and retire the old tables."""

from cqrs.consumers.ahead import ahead_of_log, require_not_ahead
from cqrs.consumers.partitions import PartitionCheckpoint
from cqrs.projections.projection import Projection
from cqrs.projections.registry import runner
from cqrs.rebuild.catch_up import Report, catch_up, copy_runner
from cqrs.rebuild.missing_tables import restore_missing_tables
from cqrs.rebuild.proof import Proof, RebuildError, prove, require_acceptance
from cqrs.rebuild.serving import retired_copy
from cqrs.rebuild.swap import swap
from cqrs.rebuild.table_copies import Slot, TableCopy, exclusive


def rebuild(projection: Projection, report: Report, *, accept_changes: bool = False) -> Proof:
    """Fill a copy of the projection's tables, prove it, and swap the two; return the proof.

    Continues an interrupted rebuild. Serving tables that are missing are made first, and filled
    from the log. Raises `Busy`, `AheadOfLog`, and `RebuildError` when a newer version serves, or
    when the two differ and that was not accepted: then the copy stays, and a second call continues
    with it.
    """
    copy = TableCopy(projection, Slot.SHADOW)
    with exclusive(copy):
        require_not_ahead(_require_no_newer_version(projection))
        restore_missing_tables(projection)
        create_unless_it_fits(copy)
        catch_up(copy, report)
        report("adding indexes", 0, 1)
        copy.complete()
        catch_up(copy, report)
        proof = prove(copy, report)
        require_acceptance(proof, accept_changes)
        report("swapping", 0, 1)
        swap(copy)
    return proof


def roll_back(projection: Projection) -> None:
    """Swap back to the tables that the last rebuild replaced.

    Raises `Busy`, `AheadOfLog`, `RebuildError` without such tables, and `NeedsOtherBuild` if this
    build does not have the version that made them.
    """
    with exclusive(TableCopy(projection, Slot.SHADOW)):
        if not TableCopy(projection, Slot.RETIRED).exists():
            raise RebuildError(f"{projection.name} has no old tables to go back to")
        copy = retired_copy(projection.name)
        require_not_ahead(runner.partitions.get([projection.name, copy.name]))
        copy.complete()  # a migration may have added indexes since
        # Before the swap, which stops the workers while it applies the rest.
        runner.drain(copy)
        swap(copy)


def discard(projection: Projection) -> bool:
    """Drop the copies of rebuilds: an unfinished one, and the retired tables. Raises `Busy`.

    Returns whether there was any.
    """
    with exclusive(TableCopy(projection, Slot.SHADOW)):
        slots = (Slot.SHADOW, Slot.RETIRED, Slot.SAMPLE)
        had_tables = [TableCopy(projection, slot).drop() for slot in slots]
    return any(had_tables)


def _require_no_newer_version(projection: Projection) -> list[PartitionCheckpoint]:
    """Raise in an old build, which would swap the tables for older ones by accident."""
    [serving, *_] = found = runner.started(projection)
    if serving.version > projection.version:
        raise RebuildError(
            f"The tables of {projection.name} are of version {serving.version}, newer than version"
            f" {projection.version} of this build: rebuild with a newer build, or go back to the"
            " retired tables with --rollback"
        )
    return found


def create_unless_it_fits(copy: TableCopy) -> None:
    """Create the copy, unless an interrupted rebuild has left one that can be continued."""
    partitions = runner.started(copy.projection)[0].partitions
    found = copy_runner.partitions.get([copy.name])
    fits = {(each.version, each.partitions) for each in found} == {(copy.version, partitions)}
    if not fits or ahead_of_log(found):
        copy.create(partitions)
