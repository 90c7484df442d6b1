"""Rebuilding and verifying on a terminal: a progress bar, and the proof."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cqrs.management.run_loop import Stopped
from cqrs.projections.projection import Projection
from cqrs.rebuild.catch_up import Report
from cqrs.rebuild.rebuild import Proof, RebuildError, rebuild
from cqrs.rebuild.table_copies import Busy
from cqrs.rebuild.verify import verify


def rebuild_each(
    projections: Sequence[Projection],
    console: Console,
    stop: threading.Event,
    *,
    accept_changes: bool,
) -> list[str]:
    """Rebuild the projections and print the proof of each; return what went wrong."""
    complaints = []
    for projection in projections:
        try:
            with _reporting(projection.name, console, stop) as report:
                proof = rebuild(projection, report, accept_changes=accept_changes)
        except (Busy, RebuildError) as error:
            if isinstance(error, RebuildError) and error.proof is not None:
                _print_proof(error.proof, console)
            complaints.append(str(error))
            continue
        _print_proof(proof, console)
        console.print(
            f"{projection.name}: swapped. The old tables are kept and followed: go back with"
            f" `projections rebuild {projection.name} --rollback`, drop them with --discard"
        )
    return complaints


def verify_each(
    projections: Sequence[Projection],
    console: Console,
    stop: threading.Event,
    *,
    parts: int,
    repair: bool,
) -> tuple[int, list[str]]:
    """Print every drift of the read models; return how many there are, or were, and what failed."""
    count, complaints, mended = 0, list[str](), " (mended)" if repair else ""
    for projection in projections:
        try:
            with _reporting(projection.name, console, stop) as report:
                drifts = 0
                for drift in verify(projection, report, parts=parts, repair=repair):
                    drifts += 1
                    console.print(f"{drift}{mended}", soft_wrap=True, markup=False)
        except Busy as error:
            complaints.append(str(error))
            continue
        count += drifts
        agrees = "agrees with the event log" if not drifts else f"{drifts} drift(s)"
        console.print(f"{projection.name}: {agrees}")
    return count, complaints


def _print_proof(proof: Proof, console: Console) -> None:
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


@contextmanager
def _reporting(name: str, console: Console, stop: threading.Event) -> Iterator[Report]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(name, total=None)

        def report(phase: str, done: int, total: int) -> None:
            progress.update(
                bar, description=f"{name}: {phase}", completed=done, total=total or None
            )
            if stop.is_set():
                raise Stopped(f"{name}: stopped; call it again to go on")

        yield report
