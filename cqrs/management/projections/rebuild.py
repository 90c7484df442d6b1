"""`projections rebuild`: build from the log, prove and swap; or go back, or drop old tables."""

import threading
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.core.management.base import CommandError
from rich import box
from rich.console import Console
from rich.table import Table

from cqrs.consumers.ahead import AheadOfLog
from cqrs.consumers.partition_runner import CannotAdvance
from cqrs.database.profiles import Profile
from cqrs.management.projections.stopping import failing_when_stopped, reporting
from cqrs.management.projections.subcommand import Subcommand, add_names, chosen, fail_with
from cqrs.projections.projection import Projection
from cqrs.rebuild.proof import Proof, RebuildError
from cqrs.rebuild.rebuild import discard, rebuild, roll_back
from cqrs.rebuild.serving import NeedsOtherBuild
from cqrs.rebuild.table_copies import Busy

FAILURES = (AheadOfLog, Busy, CannotAdvance, NeedsOtherBuild, RebuildError)


class Rebuild(Subcommand):
    """Rebuilds the named projections, one after the other."""

    name = "rebuild"
    help = "build anew from the log, prove, swap"
    examples = (
        "Example: manage.py projections rebuild orders."
        " Exit codes: 0; 1 when a rebuild was stopped or refused: run it again; 1 when there is"
        " nothing to go back to or, for a NAME, to drop."
    )
    profile = Profile.MAINTENANCE

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        add_names(parser)
        parser.add_argument("--all", action="store_true", dest="every", help="rebuild all of them")
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--accept-changes", action="store_true", help="swap although the new tables differ"
        )
        how.add_argument(
            "--rollback", action="store_true", help="let the tables that were replaced serve again"
        )
        how.add_argument(
            "--discard", action="store_true", help="drop an unfinished rebuild and the old tables"
        )

    def handle(self, *, names: list[str], every: bool, accept_changes: bool, **how: Any) -> None:
        if bool(names) == every:
            raise CommandError("Name the projections to rebuild, or say --all")
        if how["rollback"] or how["discard"]:
            act = roll_back if how["rollback"] else partial(_discard, is_named=bool(names))
            self._each(chosen(names), act)
            return
        with failing_when_stopped() as stop:
            fail_with(
                rebuild_each(chosen(names), self.console(), stop, accept_changes=accept_changes)
            )

    def _each(self, chosen: Sequence[Projection], act: Callable[[Projection], str | None]) -> None:
        complaints = list[str]()
        for projection in chosen:
            try:
                done = act(projection) or "done"
            except FAILURES as error:
                complaints.append(str(error))
            else:
                self.stdout.write(f"{projection.name}: {done}")
        fail_with(complaints)


def _discard(projection: Projection, *, is_named: bool) -> str:
    """Drop the copies; return what was done. Raises `RebuildError` if a named one has none."""
    if discard(projection):
        return "done"
    if is_named:
        raise RebuildError(f"{projection.name} has no unfinished rebuild and no old tables to drop")
    return "there was nothing to drop"


def rebuild_each(
    chosen: Sequence[Projection], console: Console, stop: threading.Event, *, accept_changes: bool
) -> list[str]:
    """Rebuild the projections and print the proof of each; return what went wrong."""
    complaints = []
    for projection in chosen:
        try:
            with reporting(projection.name, console, stop) as report:
                proof = rebuild(projection, report, accept_changes=accept_changes)
        except FAILURES as error:
            if isinstance(error, RebuildError) and error.proof is not None:
                print_proof(error.proof, console)
            complaints.append(str(error))
            continue
        print_proof(proof, console)
        console.print(
            f"{projection.name}: swapped. The old tables are retired and stay up to date:"
            f" go back with `projections rebuild {projection.name} --rollback`,"
            " drop them with --discard"
        )
    return complaints


def print_proof(proof: Proof, console: Console) -> None:
    """Print rows and checksums of both sides, then what differs."""
    table = Table(box=box.SIMPLE, pad_edge=False, title=proof.projection, title_justify="left")
    for heading in ("table", "rows before", "rows after", "checksum before", "checksum after"):
        table.add_column(heading, justify="left" if heading == "table" else "right")
    for totals in proof.totals:
        (before, sum_before), (after, sum_after) = totals.stored, totals.logged
        table.add_row(
            totals.table, f"{before:,}", f"{after:,}", _short(sum_before), _short(sum_after)
        )
    console.print(table)
    for kind, count in sorted(proof.kinds.items()):
        console.print(f"{count:,} row(s) {kind}")
    for column, count in proof.columns.most_common():
        console.print(f"{count:,} row(s) differ in {column}")
    for example in proof.examples:
        console.print(str(example), soft_wrap=True, markup=False)
    if proof.sample is not None:
        wrong = len(proof.sample.differences)
        console.print(f"{proof.sample.rows:,} row(s) folded once more on their own: {wrong} differ")


def _short(checksum: int) -> str:
    return f"{int(checksum) & 0xFFFF_FFFF_FFFF_FFFF:016x}"
