"""`projections verify --adopt`: take what other programs have written into the event log."""

import threading
from collections import Counter

from rich.console import Console

from cqrs.adoption.adopting import Looked
from cqrs.adoption.scanning import scan
from cqrs.management.projections.stopping import reporting
from cqrs.messaging.context import system_context, use_context
from cqrs.models import ParkedChange

NAME = "adoption"


def adopt_all(console: Console, stop: threading.Event, *, accept_held: bool) -> list[str]:
    """Look at every aggregate and print what was found; return what is left to do."""
    total, seen, busy = Looked(), Counter[str](), 0
    with reporting(NAME, console, stop) as report, use_context(system_context()):
        for scanned in scan(accept_held=accept_held):
            total += scanned.looked
            busy += len(scanned.busy)
            seen[scanned.stream_type] += scanned.aggregates
            report(scanned.stream_type, seen[scanned.stream_type], 0)
    console.print(
        f"{NAME}: {seen.total():,} aggregate(s), {total.adopted:,} outside change(s) adopted,"
        f" {total.sealed:,} digest(s) renewed"
    )
    for parked in ParkedChange.objects.order_by("stream_type", "stream_id").iterator():
        console.print(f"parked: {parked}", soft_wrap=True, markup=False)
    return _complaints(total, busy)


def _complaints(total: Looked, busy: int) -> list[str]:
    left = [
        (total.parked, "outside change(s) are parked, for a person to decide"),
        (total.newer, "aggregate(s) were written by a newer build: adopt them with that one"),
        (busy, "aggregate(s) were locked for too long: call it again"),
    ]
    return [f"{count:,} {what}" for count, what in left if count]
