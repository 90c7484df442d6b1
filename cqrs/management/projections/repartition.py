"""`projections repartition`: divide the work anew among more or fewer workers."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from cqrs.conf import conf
from cqrs.consumers.ahead import AheadOfLog
from cqrs.consumers.partition_runner import CannotAdvance
from cqrs.database.profiles import Profile
from cqrs.event_log.events import BUCKETS
from cqrs.management.arguments import whole
from cqrs.management.projections.subcommand import Subcommand, add_names, chosen
from cqrs.rebuild.serving import NeedsOtherBuild, repartition
from cqrs.rebuild.table_copies import Busy


class Repartition(Subcommand):
    """Changes the number of partitions; every event is applied once, before it or after it."""

    name = "repartition"
    help = "change the number of partitions"
    examples = (
        "Example: manage.py projections repartition orders --partitions 8."
        " Exit codes: 0; 1 when the projection cannot be divided anew now."
    )
    profile = Profile.MAINTENANCE

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        add_names(parser)
        parser.add_argument(
            "--partitions",
            type=whole(1, BUCKETS),
            metavar="N",
            help=f"1 to {BUCKETS}; else CQRS['PARTITIONS']",
        )

    def handle(self, *, names: list[str], partitions: int | None, **_: Any) -> None:
        for projection in chosen(names):
            wanted = partitions or projection.partitions
            if not projection.is_divisible and wanted > 1:
                self.stdout.write(f"{projection.name}: stays 1, its rows gather from everywhere")
                continue
            try:
                repartition(projection, wanted)
            except (AheadOfLog, Busy, CannotAdvance, NeedsOtherBuild) as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{projection.name}: {wanted} partition(s)")
        if partitions not in (None, conf().PARTITIONS):
            self.stdout.write(f"New projections begin with CQRS['PARTITIONS'], {conf().PARTITIONS}")
