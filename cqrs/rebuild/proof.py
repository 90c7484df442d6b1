"""Prove a rebuild: compare the new tables with the serving ones before the swap."""

from collections import Counter
from dataclasses import dataclass, field

from cqrs.projections.registry import runner
from cqrs.projections.store import SERVING_SCHEMA
from cqrs.rebuild.catch_up import Report, snapshot_at_equal_position
from cqrs.rebuild.comparison import Comparison, Difference, Totals
from cqrs.rebuild.sampling import Sample, fold_sample, report_rows
from cqrs.rebuild.table_copies import TableCopy
from cqrs.rebuild.tombstones import tombstone_differences

MAX_EXAMPLES = 20


class RebuildError(Exception):
    """The rebuild cannot continue. The serving tables are untouched; the text says what to do."""

    def __init__(self, message: str, proof: "Proof | None" = None) -> None:
        super().__init__(message)
        self.proof = proof


@dataclass(slots=True)
class Proof:
    """The result of comparing the old with the new tables."""

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
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(difference)

    @property
    def is_equal(self) -> bool:
        return not self.kinds


def prove(copy: TableCopy, report: Report) -> Proof:
    """Compare every row of the copy with the serving one, at the same position of the feed."""
    [serving, *_] = runner.partitions.get([copy.projection.name])
    proof = Proof(copy.projection.name, serving.version, copy.version)
    with snapshot_at_equal_position(copy) as cursor:
        for table in copy.tables:
            comparison = Comparison(table, SERVING_SCHEMA, copy.schema)
            for difference in comparison.differences(cursor, report_rows(report)):
                proof.add(difference)
            consumers = copy.projection.name, copy.name
            for difference in tombstone_differences(cursor, table, consumers):
                proof.add(difference)
            proof.totals.append(comparison.totals)
    if proof.old_version != proof.new_version:
        proof.sample = fold_sample(copy, report)
    return proof


def require_acceptance(proof: Proof, accept_changes: bool) -> None:
    """Raise `RebuildError` for a wrong sample, or for differences that were not accepted."""
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
