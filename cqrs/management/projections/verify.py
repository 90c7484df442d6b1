"""`projections verify`: compare read models and write tables with the event log, and repair."""

import threading
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError
from orjson import OPT_INDENT_2, dumps
from rich.console import Console

from cqrs.consumers.ahead import AheadOfLog
from cqrs.consumers.partition_runner import CannotAdvance
from cqrs.database.profiles import Profile
from cqrs.event_log.audits import UnreadableValue, audit
from cqrs.management.arguments import whole
from cqrs.management.projections.adopt import adopt_all
from cqrs.management.projections.stopping import failing_when_stopped, reporting
from cqrs.management.projections.subcommand import Subcommand, add_names, chosen, fail_with
from cqrs.projections.projection import Projection
from cqrs.rebuild.serving import NeedsOtherBuild
from cqrs.rebuild.table_copies import Busy
from cqrs.rebuild.verify import verify


class Verify(Subcommand):
    """Prints what the read models and the write model say otherwise than the log; fails then."""

    name = "verify"
    help = "compare with what the log and the writes say"
    examples = (
        "Example: manage.py projections verify --repair."
        " Exit codes: 0; 1 when a difference is left, or it was stopped."
    )
    profile = Profile.MAINTENANCE

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        add_names(parser)
        parser.add_argument("--repair", action="store_true", help="repair the read models")
        parser.add_argument(
            "--adopt",
            action="store_true",
            help="first take what other programs have written into the event log",
        )
        parser.add_argument(
            "--accept-held",
            action="store_true",
            help="with --adopt: also changed keys and emptied tables, as deletions and insertions",
        )
        parser.add_argument(
            "--parts", type=whole(1), default=1, metavar="N", help="look at a random one of N parts"
        )

        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *, names: list[str], repair: bool, parts: int, **options: Any) -> None:
        if options["accept_held"] and not options["adopt"]:
            raise CommandError("--accept-held goes with --adopt")
        # With --json, the progress goes where no one parses it.
        console = Console(stderr=True) if options["json"] else self.console()
        complaints = list[str]()
        with failing_when_stopped() as stop:
            if options["adopt"]:
                complaints += adopt_all(console, stop, accept_held=options["accept_held"])
            try:
                bypassing = print_bypassing_writes(console)
            except UnreadableValue as error:
                bypassing, complaints = [], [*complaints, str(error)]
            drifts, more = verify_each(chosen(names), console, stop, parts=parts, repair=repair)
        complaints += more
        count = sum(map(len, drifts.values()))
        if options["json"]:
            found = {"bypassing": bypassing, "differences": drifts, "repaired": repair}
            self.stdout.write(dumps(found, option=OPT_INDENT_2).decode())
        if bypassing:
            complaints.append(
                f"{len(bypassing)} write(s) bypassed the event log: take them into it with --adopt,"
                " or undo them (docs/adoption.md)"
            )
        elif count and not repair:
            complaints.append(f"{count} difference(s) to the event log: repair with --repair")
        fail_with(complaints)
        if not options["json"]:
            agrees = "Everything agrees with the event log"
            self.stdout.write(f"{count} repaired" if count else agrees)


def print_bypassing_writes(console: Console) -> list[str]:
    """Print and return every row of the write tables that the log does not account for."""
    found = []
    for drift in map(str, audit()):
        found.append(drift)
        console.print(f"{drift} (bypassed the events)", soft_wrap=True, markup=False)
    return found


def verify_each(
    chosen: Sequence[Projection],
    console: Console,
    stop: threading.Event,
    *,
    parts: int,
    repair: bool,
) -> tuple[dict[str, list[str]], list[str]]:
    """Print every drift of the read models; return them by projection, and what failed."""
    found, complaints = dict[str, list[str]](), list[str]()
    for projection in chosen:
        try:
            with reporting(projection.name, console, stop) as report:
                drifts = list[str]()
                for drift in map(str, verify(projection, report, parts=parts, repair=repair)):
                    drifts.append(drift)
                    line = f"{drift} (repaired)" if repair else drift
                    console.print(line, soft_wrap=True, markup=False)
        except (AheadOfLog, Busy, CannotAdvance, NeedsOtherBuild) as error:
            complaints.append(str(error))
            continue
        found[projection.name] = drifts
        agrees = "agrees with the event log" if not drifts else f"{len(drifts)} drift(s)"
        console.print(f"{projection.name}: {agrees}")
    return found, complaints
