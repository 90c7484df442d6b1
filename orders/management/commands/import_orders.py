"""Import a real order stream through the command pipeline."""

import json
import shutil
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cqrs.management.quiet import only_warnings
from cqrs.messaging.context import system_context, use_context
from orders.importing import IMPORTED, KNOWN, REJECTED, Importer
from orders.order_csv import OrderFile, UnreadableFile
from orders.order_survey import survey
from orders.rejected_file import RejectedFile

NAMED_CUSTOMERS = 10


class Command(BaseCommand):
    """Import orders from a CSV file; existing orders and customers are not changed.

    An order with a bad row is rejected as a whole: its rows are written to FILE.rejected.csv as
    they stand, with the reason, and the exit code is 1. After an interruption, run it again to
    continue.
    """

    help = (
        "Import orders from a CSV file through the command pipeline. Example: manage.py"
        " import_orders orders.csv. Exit codes: 0; 1 when orders were rejected or the file cannot"
        " be read; 130 when it was interrupted: run it again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the file; a pipe such as <(zcat FILE.gz) also")
        parser.add_argument(
            "--rejected",
            type=Path,
            help="where rejected rows go; default: FILE.rejected.csv, and"
            " import_orders.rejected.csv in this folder for a pipe",
        )
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *args: Any, file: Path, rejected: Path | None, **options: Any) -> None:
        started, interrupted = time.perf_counter(), False
        try:
            with readable(file) as path:
                orders = OrderFile(path)
                found = survey(orders)  # raises before anything is changed
                target = RejectedFile(rejected or beside(file))
                importer = Importer(orders, found, target)
                interrupted = not run(importer)
        except UnreadableFile as error:
            raise CommandError(f"{file}: {error}") from error
        seconds = time.perf_counter() - started
        if options["json"]:
            self.stdout.write(
                json.dumps({**summary(importer, seconds), "interrupted": interrupted})
            )
        else:
            self._print(importer, seconds, interrupted=interrupted)
        if interrupted:
            sys.exit(130)
        if importer.counts[REJECTED]:
            sys.exit(1)

    def _print(self, importer: Importer, seconds: float, *, interrupted: bool) -> None:
        counts = importer.counts
        done = sum(counts.values())
        self.stdout.write(
            f"{counts[IMPORTED]} orders imported, {counts[KNOWN]} known already,"
            f" {counts[REJECTED]} rejected, in {seconds:.1f} s ({done / seconds:.0f} orders/s)"
        )
        if counts[REJECTED]:
            self.stdout.write(f"Rejected rows with their reasons: {importer.rejected.path}")
        if known := sorted(importer.known_otherwise):
            more = ", …" if len(known) > NAMED_CUSTOMERS else ""
            self.stdout.write(
                f"{len(known)} customers have another name or e-mail address than in the file, and"
                f" were not changed: {', '.join(map(str, known[:NAMED_CUSTOMERS]))}{more}"
            )
        if interrupted:
            self.stdout.write("Interrupted. Run it again to go on.")


def summary(importer: Importer, seconds: float) -> dict[str, Any]:
    """Return what `--json` prints."""
    counts = importer.counts
    return {
        "imported": counts[IMPORTED],
        "known": counts[KNOWN],
        "rejected": counts[REJECTED],
        "seconds": round(seconds, 1),
        "rejected_file": str(importer.rejected.path) if counts[REJECTED] else None,
        "customers_known_otherwise": sorted(map(str, importer.known_otherwise)),
    }


def run(importer: Importer) -> bool:
    """Import every order, with a progress bar. Return whether it came to the end."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True))
    context = use_context(system_context(actor="import_orders"))
    # A line per message would go through the progress bar, two for each order.
    with context, importer.rejected, only_warnings(), bar as progress:
        orders = progress.track(importer.file, total=importer.found.orders, description="Importing")
        try:
            for order in orders:
                importer.take(order)
        except KeyboardInterrupt:
            return False
    return True


@contextmanager
def readable(file: Path) -> Iterator[Path]:
    """Yield a path that can be read twice: what a pipe gives goes to a private file first."""
    if not file.exists() or file.is_file() or file.is_dir():
        yield file
        return
    with NamedTemporaryFile(prefix="import_orders-") as copy:
        with file.open("rb") as source:
            shutil.copyfileobj(source, copy)
        copy.flush()
        yield Path(copy.name)


def beside(file: Path) -> Path:
    """Return where the rejected rows of a file go. Nothing can be written beside a pipe."""
    if file.exists() and not file.is_file():
        return Path("import_orders.rejected.csv")
    return file.with_name(f"{file.name}.rejected.csv")
