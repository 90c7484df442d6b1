"""See how the projections stand, run them without Celery, rebuild, verify and repair them."""

from argparse import ArgumentParser
from contextlib import nullcontext
from typing import Any

from django.core.management.base import BaseCommand

from cqrs.database.profiles import use_profile
from cqrs.management.projections.heal import Heal
from cqrs.management.projections.parked import Parked
from cqrs.management.projections.rebuild import Rebuild
from cqrs.management.projections.repartition import Repartition
from cqrs.management.projections.run import Run
from cqrs.management.projections.status import Status
from cqrs.management.projections.subcommand import Subcommand, add_subcommand
from cqrs.management.projections.verify import Verify
from cqrs.management.quiet import only_warnings

SUBCOMMANDS: dict[str, type[Subcommand]] = {
    each.name: each for each in (Status, Run, Rebuild, Verify, Repartition, Parked, Heal)
}


class Command(BaseCommand):
    help = (
        "See how the projections stand, run, rebuild, verify and repair them. Example: manage.py"
        " projections status. Exit codes: see the --help of each."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        for name, subcommand in SUBCOMMANDS.items():
            own = add_subcommand(commands, name, subcommand.help, subcommand.examples)
            subcommand.add_arguments(own)

    def handle(self, *_: Any, command: str, verbosity: int, **options: Any) -> None:
        subcommand = SUBCOMMANDS[command]
        # `-v 2` shows the line that each batch logs.
        quiet = only_warnings() if verbosity < 2 else nullcontext()
        with quiet, use_profile(subcommand.profile):
            subcommand(self.stdout).handle(**options)
