"""Rebuilding a projection under traffic: copy beside, prove, swap, keep the old for a while."""

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from django.db import OperationalError, connections

from cqrs.consumers.runner import Runner
from cqrs.database.aliases import PROJECTION_ALIAS
from cqrs.event_log.signals import announce_applied
from cqrs.projections.models import ParkedEvent, ProjectionCheckpoint
from cqrs.projections.projection import Projection
from cqrs.projections.registry import runner
from cqrs.rebuild.catch_up import (
    Report,
    catch_up,
    copy_runner,
    held_at_equal_position,
    snapshot_at_equal_position,
)
from cqrs.rebuild.comparison import Comparison, Difference, Totals
from cqrs.rebuild.sampling import Sample, counting, fold_sample
from cqrs.rebuild.table_copies import SERVING_SCHEMA, Slot, TableCopy, exclusive

EXAMPLES = 20
SWAP_PATIENCE_S = 60.0
# Whoever asks for a table waits behind us while we wait for it: so briefly, and again.
SWAP_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '50ms'"
LOCK_NOT_AVAILABLE = "55P03"


class RebuildError(Exception):
    """The rebuild cannot go on; what serves is untouched. Says what to do."""

    def __init__(self, message: str, proof: "Proof | None" = None) -> None:
        super().__init__(message)
        self.proof = proof


@dataclass(slots=True)
class Proof:
    """What the comparison of the old with the new tables has found."""

    projection: str
    old_version: int
    new_version: int
    totals: list[Totals] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    columns: Counter[str] = field(default_factory=Counter)
    examples: list[Difference] = field(default_factory=list)
    sample: Sample | None = None  # only a new version needs one

    def add(self, difference: Difference) -> None:
        self.kinds[difference.kind] += 1
        self.columns.update(f"{difference.table}.{name}" for name in difference.columns)
        if len(self.examples) < EXAMPLES:
            self.examples.append(difference)

    @property
    def is_equal(self) -> bool:
        return not self.kinds


def rebuild(projection: Projection, report: Report, *, accept_changes: bool = False) -> Proof:
    """TableCopy the projection anew beside the old, prove it, and swap the two; return the proof.

    Goes on where an interrupted one was. Raises `Busy`, and `RebuildError` when the two differ
    and that was not accepted: then the new tables stay, and a second call continues with them.
    """
    copy = TableCopy(projection, Slot.SHADOW)
    with exclusive(copy):
        _begin(copy)
        catch_up(copy, report)
        report("adding indexes", 0, 1)
        copy.complete()
        catch_up(copy, report)
        proof = _prove(copy, report)
        _judge(proof, accept_changes)
        report("swapping", 0, 1)
        TableCopy(projection, Slot.RETIRED).drop()
        swap(copy)
    return proof


def roll_back(projection: Projection) -> None:
    """Let the tables that the last rebuild replaced serve again.

    Raises `Busy`, and `RebuildError` without such tables.
    """
    copy = TableCopy(projection, Slot.RETIRED)
    with exclusive(TableCopy(projection, Slot.SHADOW)):
        if not copy.exists():
            raise RebuildError(f"{projection.name} has no old tables to go back to")
        runner.drain(copy)  # workers may not have followed for long, and the swap holds them
        swap(copy)


def discard(projection: Projection) -> None:
    """Drop what rebuilds have left: an unfinished one, and the old tables. Raises `Busy`."""
    with exclusive(TableCopy(projection, Slot.SHADOW)):
        for slot in (Slot.SHADOW, Slot.RETIRED, Slot.SAMPLE):
            TableCopy(projection, slot).drop()


def swap(incoming: TableCopy) -> None:
    """Let the copy's tables serve, and keep those that did as `retired`, in one transaction.

    Tries again while a reader holds a table: nobody waits for longer than one short try.
    """
    deadline = time.monotonic() + SWAP_PATIENCE_S
    while True:
        try:
            return _try_to_swap(incoming)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            if time.monotonic() > deadline:
                raise RebuildError(
                    f"Somebody has held a table of {incoming.projection.name} for"
                    f" {SWAP_PATIENCE_S:g} s: end that query and try again; nothing is lost"
                ) from error
        time.sleep(random.uniform(0.05, 0.25))  # noqa: S311  not a secret


def _try_to_swap(incoming: TableCopy) -> None:
    projection = incoming.projection
    leaving, retired = TableCopy(projection, Slot.LEAVING), TableCopy(projection, Slot.RETIRED)
    with held_at_equal_position(incoming), connections[PROJECTION_ALIAS].cursor() as cursor:
        cursor.execute(SWAP_LOCK_TIMEOUT)
        for copy in (leaving, retired):
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {copy.schema}")
        moves = (
            (SERVING_SCHEMA, projection.name, leaving.schema, leaving.name),
            (incoming.schema, incoming.name, SERVING_SCHEMA, projection.name),
            (leaving.schema, leaving.name, retired.schema, retired.name),
        )
        for from_schema, old_name, to_schema, new_name in moves:
            for table in projection.tables:
                cursor.execute(f"ALTER TABLE {from_schema}.{table.name} SET SCHEMA {to_schema}")
            for model in (ProjectionCheckpoint, ParkedEvent):
                rows = model._default_manager.using(PROJECTION_ALIAS).filter(consumer=old_name)
                rows.update(consumer=new_name)
    announce_applied(sender=Runner, consumer=projection, events=())


def _begin(copy: TableCopy) -> None:
    live = runner.partition_checkpoints(copy.projection)
    found = copy_runner.partitions.get([copy.name])
    fits = {(copy.version, live[0].partitions)}
    if {(checkpoint.version, checkpoint.partitions) for checkpoint in found} != fits:
        copy.create(live[0].partitions)


def _prove(copy: TableCopy, report: Report) -> Proof:
    versions = runner.partition_checkpoints(copy.projection)[0].version, copy.version
    proof = Proof(copy.projection.name, *versions)
    with snapshot_at_equal_position(copy) as cursor:
        for table in copy.tables:
            comparison = Comparison(table, SERVING_SCHEMA, copy.schema)
            for difference in comparison.differences(cursor, counting(report)):
                proof.add(difference)
            proof.totals.append(comparison.totals)
    if proof.old_version != proof.new_version:
        proof.sample = fold_sample(copy, report)
    return proof


def _judge(proof: Proof, accept_changes: bool) -> None:
    if proof.sample and proof.sample.differences:
        first = proof.sample.differences[0]
        raise RebuildError(f"The new tables are not what the log says: {first}", proof)
    if proof.is_equal or accept_changes:
        return
    if proof.old_version == proof.new_version:
        why = "differ from the serving ones, though the version is the same"
    else:
        why = f"of version {proof.new_version} differ from those of version {proof.old_version}"
    raise RebuildError(
        f"The new tables of {proof.projection} {why}: look at the differences, and swap with"
        " --accept-changes",
        proof,
    )
