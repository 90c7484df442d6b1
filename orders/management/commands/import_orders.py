"""Import a real order stream through the command pipeline."""

import csv
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cqrs.messaging import bus
from cqrs.messaging.context import system_context, use_context
from cqrs.messaging.results import Rejected
from customers.public import ImportCustomer
from orders.commands import ImportOrder
from orders.order_csv import REASON, RawOrder, UnreadableFile, read, survey
from orders.order_csv_payloads import customer_payload, defects, order_payload

TORN = "duplicate_order_id: the lines of the order are not next to each other"
# The columns of the messages' fields where the names differ.
COLUMNS = {"name": "customer_name", "email": "customer_email", "registered_at": "ordered_at"}
IMPORTED, KNOWN, REJECTED = "imported", "known already", "rejected"


class Command(BaseCommand):
    """Import orders from a CSV file; existing orders and customers are not changed.

    An order with a bad row is rejected as a whole: its rows are written to FILE.rejected.csv with
    the reason, and the exit code is 1. After an interruption, run it again to continue.
    """

    help = "Import orders from a CSV file through the command pipeline"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        started = time.perf_counter()
        importer = Importer(file)
        interrupted = False
        try:
            with use_context(system_context(actor="import_orders")):
                importer.run()
        except UnreadableFile as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            interrupted = True
        self._summarize(importer, time.perf_counter() - started, interrupted)

    def _summarize(self, importer: "Importer", seconds: float, interrupted: bool) -> None:
        counts = importer.counts
        done = sum(counts.values())
        self.stdout.write(
            f"{counts[IMPORTED]} orders imported, {counts[KNOWN]} known already,"
            f" {counts[REJECTED]} rejected, in {seconds:.1f} s ({done / seconds:.0f} orders/s)"
        )
        if counts[REJECTED]:
            self.stdout.write(f"Rejected rows with their reasons: {importer.rejected_path}")
        if interrupted:
            self.stdout.write("Interrupted. Run it again to go on.")
            sys.exit(130)
        if counts[REJECTED]:
            sys.exit(1)


class Importer:
    """One run over one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rejected_path = path.with_name(f"{path.name}.rejected.csv")
        self.counts: Counter[str] = Counter()
        self._customers: set[tuple[UUID, str, str]] = set()  # those that were accepted
        self._stack = ExitStack()
        self._writer: Any = None

    def run(self) -> None:
        """Send every order of the file as a command, with a progress bar."""
        found = survey(self.path)  # raises before anything is changed
        self.rejected_path.unlink(missing_ok=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with self._stack, Progress(*columns, console=Console(stderr=True)) as progress:
            for order in progress.track(
                read(self.path), total=found.orders, description="Importing"
            ):
                self._import(order, is_torn=found.is_torn(order))

    def _import(self, order: RawOrder, is_torn: bool) -> None:
        reason = TORN if is_torn else self._reject_reason(order)
        if reason is not None:
            self.counts[REJECTED] += 1
            self._write_rejected(order, reason)

    def _reject_reason(self, order: RawOrder) -> str | None:
        if found := defects(order):
            return "invalid: " + "; ".join(found)
        return self._customer_reason(order) or self._send_order(order)

    def _customer_reason(self, order: RawOrder) -> str | None:
        payload = customer_payload(order)
        customer = (payload["customer_id"], payload["name"], payload["email"])
        if customer in self._customers:
            return None
        result = bus.send(ImportCustomer, payload)
        if isinstance(result, Rejected):
            return describe(result)
        self._customers.add(customer)
        return None

    def _send_order(self, order: RawOrder) -> str | None:
        result = bus.send(ImportOrder, order_payload(order))
        if isinstance(result, Rejected):
            return describe(result)
        self.counts[IMPORTED if result.value.is_new else KNOWN] += 1
        return None

    def _write_rejected(self, order: RawOrder, reason: str) -> None:
        if self._writer is None:
            names = [name for name in order.rows[0] if name not in (None, REASON)]
            file = self._stack.enter_context(
                self.rejected_path.open("w", newline="", encoding="utf-8")
            )
            self._writer = csv.DictWriter(file, [*names, REASON], extrasaction="ignore")
            self._writer.writeheader()
        for row in order.rows:
            self._writer.writerow({**row, REASON: f"line {order.line}: {reason}"})


def describe(result: Rejected) -> str:
    """Return a refusal in one line, with each wrong column."""
    details = "; ".join(
        f"{COLUMNS.get(error.field, error.field)}: {error.message}" for error in result.errors
    )
    return f"{result.code}: {details or result.message}"
