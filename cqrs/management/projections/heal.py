"""`projections heal`: after a restore or a promotion, make the read side follow the log again."""

from argparse import ArgumentParser
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

import orjson
from django.core.management.base import CommandError
from rich.console import Console

from cqrs.database.profiles import Profile
from cqrs.event_log.audits import UnreadableValue
from cqrs.management.projections.rebuild import FAILURES
from cqrs.management.projections.stopping import failing_when_stopped, reporting
from cqrs.management.projections.subcommand import Subcommand
from cqrs.rebuild.catch_up import Report
from cqrs.rebuild.heal import Healed, heal
from cqrs.rebuild.log_repair import LogIsIncomplete

MAX_LINES = 100


class Heal(Subcommand):
    """Heals what is ahead of the log; fails when it may not, or was stopped."""

    name = "heal"
    help = "after a restore of a database: make the read side follow the log again"
    examples = (
        "Example: manage.py projections heal --restored."
        " Exit codes: 0; 1 when it may not heal, or was stopped: run it again."
    )
    profile = Profile.MAINTENANCE

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--restored",
            action="store_true",
            help="`default` was restored or lost commits: end its tokens and tags in any case",
        )
        parser.add_argument(
            "--accept-loss",
            action="store_true",
            help="go on although `default` has rows that are not as its log says",
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *, restored: bool, accept_loss: bool, json: bool, **_: Any) -> None:
        # With --json, the progress goes where no one parses it.
        console = Console(stderr=True) if json else self.console()
        with failing_when_stopped() as stop:

            def show(name: str) -> AbstractContextManager[Report]:
                return reporting(name, console, stop)

            try:
                healed = heal(show, accept_loss=accept_loss, restored=restored)
            except (*FAILURES, LogIsIncomplete, UnreadableValue) as error:
                raise CommandError(str(error)) from error
        if json:
            self.stdout.write(orjson.dumps(asdict(healed), option=orjson.OPT_INDENT_2).decode())
        else:
            print_healed(healed, console)
        if healed.differences:
            raise CommandError(f"{len(healed.differences)} difference(s) to the event log are left")


def print_healed(healed: Healed, console: Console) -> None:
    """Print what was healed and what is lost, an aggregate a line."""
    if healed.epoch is None:
        console.print("Nothing to heal: the read side follows the log")
        return
    for each in healed.lost[:MAX_LINES]:
        console.print(f"lost: {each}", soft_wrap=True, markup=False)
    if len(healed.lost) > MAX_LINES:
        console.print(f"and {len(healed.lost) - MAX_LINES:,} more: --json lists all")
    for name in healed.projections:
        console.print(f"{name}: built anew from the log")
    for name in healed.dropped:
        console.print(f"{name}: dropped")
    for name in healed.reactions:
        console.print(f"{name}: goes on from the end of the log")
    for difference in healed.differences:
        console.print(str(difference), soft_wrap=True, markup=False)
    if not healed.differences:
        console.print("The read side follows the log, in a new epoch")
